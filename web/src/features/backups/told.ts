import type { BackupAlert } from '../../api/backups';
import type { Formats } from '../../i18n/format';

/** Alerts whose numbers are all amounts; elsewhere a number may be part of a path. */
const AMOUNTS: readonly BackupAlert['kind'][] = ['shrunk', 'changed', 'quota_near', 'store_full'];

/** What the campus tells of an alert, its moments and amounts as people write them. */
export function toldOf({ kind, detail }: Pick<BackupAlert, 'kind' | 'detail'>, formats: Formats): string {
  const told = detail.replace(/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, (moment) => formats.dateTime(moment));
  if (!AMOUNTS.includes(kind)) return told;
  return told
    .replace(/\b(\d+) of (the )?(\d+) bytes\b/g, (_, part, the = '', whole) => {
      return `${formats.bytes(Number(part))} of ${the}${formats.bytes(Number(whole))}`;
    })
    .replace(/\b(\d+) bytes\b/g, (_, amount) => formats.bytes(Number(amount)));
}
