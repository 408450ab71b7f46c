import { Button, Skeleton, Table } from '@mantine/core';
import { IconDownload, IconPrinter, IconSchool } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Grade, TranscriptView } from '../../api/grades';
import { useFormats } from '../../i18n/format';
import { saveText } from '../../shell/saveText';
import { Blank, Failure, PageHeader } from '../../shell/states';
import { usePageTitle } from '../../shell/usePageTitle';
import { csvOf } from '../statistics/statistics';
import { GradeMark } from './GradeTable';
import { useTranscript } from './grades';
import printed from './grades.module.css';
import classes from './list.module.css';

/** "Mi expediente": a student's own grades, semester by semester. */
export function Transcript() {
  const { t } = useTranslation();
  usePageTitle(t('grades.transcript'));
  const formats = useFormats();
  const transcript = useTranscript();
  const found = transcript.data;
  const save = ({ grades }: TranscriptView) =>
    saveText(
      `${t('grades.transcriptName')}.csv`,
      'text/csv',
      csvOf(
        [t('grades.year'), t('grades.semester'), t('grades.course'), t('grades.grade')],
        grades.map(({ year, semestre, curso, nota }) => [year, semestre, curso, nota]),
      ),
    );
  return (
    <>
      <PageHeader
        title={t('grades.transcript')}
        note={
          found ? (
            <>
              {found.nombre} · {t('grades.carnet')} {found.carnet}
              {transcript.isError ? ` · ${t('failure.stale', { time: formats.time(transcript.dataUpdatedAt) })}` : ''}
              <span className={printed.printed}> {t('grades.printed', { date: formats.dateTime(Date.now()) })}</span>
            </>
          ) : null
        }
      >
        {found ? (
          <>
            <Button
              variant="default"
              className={printed.screenOnly}
              leftSection={<IconDownload size={18} aria-hidden />}
              onClick={() => save(found)}
            >
              {t('grades.csv')}
            </Button>
            <Button
              variant="default"
              className={printed.screenOnly}
              leftSection={<IconPrinter size={18} aria-hidden />}
              onClick={() => window.print()}
            >
              {t('grades.print')}
            </Button>
          </>
        ) : null}
      </PageHeader>
      {transcript.isPending ? (
        <div aria-busy>
          <Skeleton height={88} radius={12} mb={16} />
          <Skeleton height={220} radius={12} />
        </div>
      ) : found === undefined ? (
        <div className="panel">
          <Failure error={transcript.error} retry={() => void transcript.refetch()} />
        </div>
      ) : found === null ? (
        <div className="panel">
          <Blank
            icon={<IconSchool size={40} stroke={1.25} aria-hidden />}
            title={t('grades.noTranscript')}
            body={t('grades.noTranscriptBody')}
          />
        </div>
      ) : (
        <>
          <Summary transcript={found} />
          {bySemester(found.grades).map(({ name, grades }) => (
            <Semester key={name} name={name} grades={grades} />
          ))}
        </>
      )}
    </>
  );
}

function Summary({ transcript }: { transcript: TranscriptView }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const figures: [string, string][] = [
    [t('grades.average'), transcript.average === null ? t('common.none') : formats.number(transcript.average, 1)],
    [t('grades.passed'), formats.number(transcript.passed)],
    [t('grades.failed'), formats.number(transcript.failed)],
  ];
  return (
    <dl className={`panel ${classes.summary}`}>
      {figures.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Grades by semester, the newest first. */
function bySemester(grades: Grade[]): { name: string; grades: Grade[] }[] {
  const found = new Map<string, Grade[]>();
  for (const grade of grades) {
    const name = `${grade.semestre} ${grade.year}`;
    found.set(name, [...(found.get(name) ?? []), grade]);
  }
  return [...found].map(([name, list]) => ({ name, grades: list })).reverse();
}

function Semester({ name, grades }: { name: string; grades: Grade[] }) {
  const { t } = useTranslation();
  const formats = useFormats();
  return (
    <section className={`panel ${classes.block}`} aria-label={name}>
      <h2>{name}</h2>
      <Table verticalSpacing={8} horizontalSpacing={0}>
        <Table.Thead className="visually-hidden">
          <Table.Tr>
            <Table.Th>{t('grades.course')}</Table.Th>
            <Table.Th>{t('grades.changed')}</Table.Th>
            <Table.Th>{t('grades.grade')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {grades.map((grade) => (
            <Table.Tr key={grade.id}>
              <Table.Td fw={500}>{grade.curso}</Table.Td>
              <Table.Td c="dimmed" fz="sm" title={formats.dateTime(grade.changed_at)}>
                {formats.date(grade.changed_at)}
              </Table.Td>
              <Table.Td ta="right">
                <GradeMark grade={grade} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </section>
  );
}
