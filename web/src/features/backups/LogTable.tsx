import { Table, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Attempt } from '../../api/backups';
import { useFormats } from '../../i18n/format';
import records from '../../shell/records.module.css';
import { TextLink } from '../../shell/TextLink';
import { nodeOf } from './health';
import classes from './log.module.css';
import { OutcomeMark } from './marks';
import { PathText } from './PathText';
import { Warnings } from './Warnings';
import { Why } from './Why';

/** Attempts: a table where there is room, a list of the same where there is not. */
export function LogTable({ attempts }: { attempts: Attempt[] }) {
  const { t } = useTranslation();
  const formats = useFormats();
  return (
    <Table className={`${records.table} ${classes.table}`} verticalSpacing={8} horizontalSpacing={12} highlightOnHover>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{t('backups.when')}</Table.Th>
          <Table.Th>{t('backups.what')}</Table.Th>
          <Table.Th>{t('backups.how')}</Table.Th>
          <Table.Th>{t('backups.why')}</Table.Th>
          <Table.Th className={classes.right}>{t('backups.sent')}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {attempts.map((attempt) => (
          <Table.Tr key={attempt.id} data-attempt={attempt.outcome}>
            <Table.Td className={records.when} title={formats.dateTime(attempt.started_at)}>
              {formats.date(attempt.started_at)}
              <small>{formats.time(Date.parse(attempt.started_at))}</small>
            </Table.Td>
            <Table.Td className={classes.what}>
              {attempt.backup ? (
                <TextLink to="/backups/$backup" params={{ backup: attempt.backup }} inherit>
                  <PathText path={attempt.path} />
                </TextLink>
              ) : (
                <PathText path={attempt.path} />
              )}
              <Text size="xs" c="dimmed">
                {nodeOf(attempt)}
                {attempt.kind === 'rehearsal' ? ` · ${t('backups.attempt.rehearsal')}` : ''}
              </Text>
            </Table.Td>
            <Table.Td className={classes.how}>
              <OutcomeMark outcome={attempt.outcome} />
              {attempt.ended_at && attempt.sent > 0 ? (
                <Text size="xs" c="dimmed">
                  {formats.duration(Date.parse(attempt.ended_at) - Date.parse(attempt.started_at))}
                </Text>
              ) : null}
            </Table.Td>
            <Table.Td className={classes.why}>
              <Why attempt={attempt} />
              <Warnings warnings={attempt.warnings} total={attempt.warnings_total} />
            </Table.Td>
            <Table.Td className={classes.right}>
              {attempt.sent === 0
                ? null
                : attempt.kind === 'rehearsal'
                  ? t('backups.compared', { size: formats.bytes(attempt.sent) })
                  : formats.bytes(attempt.sent)}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
