import type { CampusFile, FileChange, Visibility } from '../../api/types';
import { dayOf, endOfDay } from '../../shell/days';

export interface FileForm {
  title: string;
  description: string;
  category: string;
  classification: string;
  /** Separated by commas. */
  tags: string;
  /** A local day, or empty for never. */
  expires: string;
  visibility: Visibility;
}

type Changeable = Pick<
  CampusFile,
  'title' | 'description' | 'category' | 'classification' | 'tags' | 'expires_at' | 'visibility'
>;

export function formOf(file: Changeable): FileForm {
  return {
    title: file.title ?? '',
    description: file.description ?? '',
    category: file.category ?? '',
    classification: file.classification ?? '',
    tags: file.tags.join(', '),
    expires: file.expires_at ? dayOf(new Date(file.expires_at)) : '',
    visibility: file.visibility,
  };
}

/** Only what changed is sent, so that two people editing different things do not undo each other. */
export function changesOf(file: Changeable, form: FileForm): FileChange {
  const before = formOf(file);
  const changes: FileChange = {};
  for (const name of ['title', 'description', 'category', 'classification'] as const) {
    const next = form[name].trim();
    if (next !== before[name]) changes[name] = next;
  }
  if (form.tags !== before.tags) {
    changes.tags = [...new Set(form.tags.split(',').map((tag) => tag.trim()))].filter((tag) => tag !== '');
  }
  if (form.expires !== before.expires) changes.expires_at = form.expires === '' ? null : endOfDay(form.expires);
  if (form.visibility !== before.visibility) changes.visibility = form.visibility;
  return changes;
}
