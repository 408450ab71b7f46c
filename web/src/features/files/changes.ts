import type { CampusFile, FileChange, Visibility } from '../../api/types';

/** Only what changed is sent, so that two people editing different things do not undo each other. */
export function changesOf(
  file: Pick<CampusFile, 'title' | 'description' | 'category' | 'visibility'>,
  form: { title: string; description: string; category: string; visibility: Visibility },
): FileChange {
  const changes: FileChange = {};
  for (const name of ['title', 'description', 'category'] as const) {
    const next = form[name].trim();
    if (next !== file[name]) changes[name] = next;
  }
  if (form.visibility !== file.visibility) changes.visibility = form.visibility;
  return changes;
}
