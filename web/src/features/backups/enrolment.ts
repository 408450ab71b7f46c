import type { EnrolToken } from '../../api/backups';

/** What a node needs, as the one word that `bedel agent --enroll` takes. */
export function tokenWord(url: string, { ca, id, secret }: EnrolToken): string {
  const bytes = new TextEncoder().encode(JSON.stringify({ url: url.trim().replace(/\/+$/, ''), ca, id, secret }));
  const text = btoa(String.fromCharCode(...bytes));
  return `bedel-${text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')}`;
}

/** As one argument of a shell. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** What makes a node an agent, and what registers its folder: one line for the node, one for whoever runs the campus. */
export function linesOf(word: string, folder: string, node: string): [string, string] {
  const path = quoted(folder);
  return [
    `bedel agent --listen 0.0.0.0:9750 --allow ${path} --enroll ${word}`,
    `bedel backup register ${node}:9750 ${path} --every 60`,
  ];
}

/** The line that unpacks a backup anywhere. */
export function unpackLine(origin: string, backup: string): string {
  return `curl -fH "Authorization: Bearer $BEDEL_TOKEN" ${origin}/api/v1/backups/${backup}/archive.tgz | tar xz`;
}
