import { Button, Group, Table, Text } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useFormats } from '../../i18n/format';
import { saveText } from '../../shell/saveText';
import { csvOf } from '../statistics/statistics';
import classes from './list.module.css';
import type { Line, LineFault } from './table';

/** Lines of a preview: enough to see whether columns and accents are right. */
const SHOWN = 6;
const KNOWN = [
  'missing',
  'type',
  'range',
  'length',
  'choice',
  'repeated',
  'cells',
  'encoding',
  'unknown',
  'forbidden',
] as const;

/** The beginning of a table as the browser reads it. */
export function Preview({ lines, faults }: { lines: Line[]; faults: LineFault[] }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const [header, ...rows] = lines;
  if (header === undefined) return null;
  const bad = new Set(faults.map((fault) => fault.line));
  return (
    <section
      className={classes.preview}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
      aria-label={t('grades.preview')}
    >
      <Table verticalSpacing={4} horizontalSpacing={12}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('grades.line')}</Table.Th>
            {header.cells.map((cell, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a column is its place
              <Table.Th key={index}>{cell}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.slice(0, SHOWN).map((line) => (
            <Table.Tr key={line.number} data-bad={bad.has(line.number)}>
              <Table.Td>{formats.number(line.number)}</Table.Td>
              {line.cells.map((cell, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: a column is its place
                <Table.Td key={index}>{cell}</Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {rows.length > SHOWN ? (
        <Text size="xs" c="dimmed" p={8}>
          {t('grades.moreLines', { number: formats.number(rows.length - SHOWN) })}
        </Text>
      ) : null}
    </section>
  );
}

/** Every line that is wrong, and why; as a table to take along. */
export function BadLines({ faults, lines, name }: { faults: LineFault[]; lines: Line[]; name: string }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const columns = lines[0]?.cells.map((cell) => cell.trim().toLowerCase()) ?? [];
  const cellOf = (fault: LineFault): string => {
    const line = lines.find((one) => one.number === fault.line);
    return (fault.column === null ? line?.cells.join(' · ') : line?.cells[columns.indexOf(fault.column)]) ?? '';
  };
  const why = (fault: LineFault): string => {
    const code = KNOWN.find((one) => one === fault.code);
    return code === undefined ? fault.message : t(`grades.wrong.${code}`);
  };
  const wrong = new Set(faults.map((fault) => fault.line)).size;
  const save = () =>
    saveText(
      `${name.replace(/\.csv$/i, '')}-${t('grades.errorsName')}.csv`,
      'text/csv',
      csvOf(
        [t('grades.line'), t('grades.column'), t('grades.value'), t('grades.why')],
        faults.map((fault) => [fault.line, fault.column ?? '', cellOf(fault), why(fault)]),
      ),
    );
  return (
    <div data-bad-lines={wrong}>
      <Group justify="space-between" gap={8} mb={8}>
        <Text size="sm" fw={600} role="alert" c="var(--bedel-bad)">
          {t('grades.badLines', { number: formats.number(wrong) })}
        </Text>
        <Button
          variant="subtle"
          color="gray"
          size="compact-sm"
          leftSection={<IconDownload size={16} aria-hidden />}
          onClick={save}
        >
          {t('grades.saveErrors')}
        </Button>
      </Group>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className={classes.bad} tabIndex={0} aria-label={t('grades.errorsLabel')}>
        <Table verticalSpacing={4} horizontalSpacing={12}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('grades.line')}</Table.Th>
              <Table.Th>{t('grades.column')}</Table.Th>
              <Table.Th>{t('grades.value')}</Table.Th>
              <Table.Th>{t('grades.why')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {faults.map((fault) => (
              <Table.Tr key={`${fault.line} ${fault.column} ${fault.code}`}>
                <Table.Td>{formats.number(fault.line)}</Table.Td>
                <Table.Td>{fault.column ?? t('common.none')}</Table.Td>
                <Table.Td className={classes.cell}>{cellOf(fault)}</Table.Td>
                <Table.Td title={fault.message}>{why(fault)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </section>
    </div>
  );
}
