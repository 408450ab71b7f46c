import { Table, Text } from '@mantine/core';
import {
  IconArrowDown,
  IconArrowUp,
  IconBan,
  IconCircleCheck,
  IconCircleDashed,
  IconPlugConnectedX,
} from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { AuditEntry } from '../../api/types';
import { useFormats } from '../../i18n/format';
import { type Look, Mark } from '../../shell/Mark';
import records from '../../shell/records.module.css';
import { TextLink } from '../../shell/TextLink';
import classes from './audit.module.css';

/** How often it was interrupted and went on, in words; nothing if it never was. */
export function Breaks({ entry }: { entry: AuditEntry }) {
  const { t } = useTranslation();
  const formats = useFormats();
  if (entry.interruptions === 0 && entry.resumes === 0) return null;
  return t('audit.breaks', {
    interruptions: formats.number(entry.interruptions),
    resumes: formats.number(entry.resumes),
  });
}

const OUTCOMES: Record<AuditEntry['outcome'], Look> = {
  done: { tone: 'good', icon: IconCircleCheck },
  open: { tone: 'warn', icon: IconCircleDashed },
  abandoned: { tone: 'bad', icon: IconPlugConnectedX },
  refused: { tone: 'bad', icon: IconBan },
};

/** How a transfer stands or ended. */
export function OutcomeMark({ entry }: { entry: AuditEntry }) {
  const { t } = useTranslation();
  return (
    <Mark look={OUTCOMES[entry.outcome]} data-outcome={entry.outcome}>
      {t(`audit.outcome.${entry.outcome}`)}
    </Mark>
  );
}

export function Way({ entry }: { entry: AuditEntry }) {
  const { t } = useTranslation();
  const Icon = entry.direction === 'upload' ? IconArrowUp : IconArrowDown;
  return (
    <span className={classes.way}>
      <Icon size={14} aria-hidden /> {t(entry.direction === 'upload' ? 'transfers.up' : 'transfers.down')}
    </span>
  );
}

/** Transfers that were: a table where there is room, a list of the same where there is not. */
export function AuditTable({ entries }: { entries: AuditEntry[] }) {
  const { t } = useTranslation();
  const formats = useFormats();
  return (
    <Table className={`${records.table} ${classes.table}`} verticalSpacing={8} horizontalSpacing={12} highlightOnHover>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{t('audit.when')}</Table.Th>
          <Table.Th>{t('audit.file')}</Table.Th>
          <Table.Th>{t('audit.who')}</Table.Th>
          <Table.Th>{t('audit.bytes')}</Table.Th>
          <Table.Th>{t('audit.how')}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {entries.map((entry) => (
          <Table.Tr key={entry.id} data-audit={entry.outcome}>
            <Table.Td className={records.when} title={formats.dateTime(entry.started_at)}>
              {formats.date(entry.started_at)}
              <small>{formats.time(Date.parse(entry.started_at))}</small>
            </Table.Td>
            <Table.Td className={classes.file}>
              {entry.file === null ? (
                entry.name || t('transfers.unnamed')
              ) : (
                <TextLink to="/files" search={{ file: entry.file }} inherit>
                  {entry.name || t('transfers.unnamed')}
                </TextLink>
              )}
              {entry.sha256 === null ? null : (
                <Text size="xs" c="dimmed" className={classes.digest} title={entry.sha256}>
                  {entry.sha256.slice(0, 16)}…
                </Text>
              )}
            </Table.Td>
            <Table.Td>
              {entry.user_name || t('audit.anonymous')}
              <Text size="xs" c="dimmed">
                {t(`audit.via.${entry.via}`)}
                {entry.address ? ` · ${entry.address}` : ''}
              </Text>
            </Table.Td>
            <Table.Td className={classes.bytes}>
              <Way entry={entry} />
              <Text size="xs" c="dimmed">
                {entry.size === null || entry.size === entry.bytes
                  ? formats.bytes(entry.bytes)
                  : t('transfers.progress', { sent: formats.bytes(entry.bytes), size: formats.bytes(entry.size) })}
              </Text>
            </Table.Td>
            <Table.Td>
              <OutcomeMark entry={entry} />
              <Text size="xs" c="dimmed">
                <Breaks entry={entry} />
              </Text>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
