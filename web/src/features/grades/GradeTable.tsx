import { Table } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Grade } from '../../api/grades';
import { useFormats } from '../../i18n/format';
import classes from './list.module.css';

/** A grade's number, and in a word whether it passes. */
export function GradeMark({ grade }: { grade: Pick<Grade, 'nota' | 'passed'> }) {
  const { t } = useTranslation();
  return (
    <span className={classes.grade} data-passed={grade.passed}>
      <strong>{grade.nota}</strong>
      <small>{t(grade.passed ? 'grades.pass' : 'grades.fail')}</small>
    </span>
  );
}

/** Grades as a table; on a phone each is a row of two lines. */
export function GradeTable({ grades, opened }: { grades: Grade[]; opened?: string }) {
  const { t } = useTranslation();
  const formats = useFormats();
  return (
    <Table className={classes.table} verticalSpacing={8} horizontalSpacing={12} highlightOnHover>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{t('grades.name')}</Table.Th>
          <Table.Th>{t('grades.course')}</Table.Th>
          <Table.Th>{t('grades.semester')}</Table.Th>
          <Table.Th>{t('grades.grade')}</Table.Th>
          <Table.Th className={classes.wide}>{t('grades.changed')}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {grades.map((grade) => (
          <Table.Tr key={grade.id} data-open={grade.id === opened}>
            <Table.Td className={classes.who}>
              <Link
                to="/grades/list"
                search={(before) => ({ ...before, grade: grade.id })}
                replace
                resetScroll={false}
                data-grade={grade.id}
              >
                {grade.nombre}
              </Link>
              <small>{grade.carnet}</small>
            </Table.Td>
            <Table.Td>{grade.curso}</Table.Td>
            <Table.Td className={classes.when}>
              {grade.semestre} {grade.year}
            </Table.Td>
            <Table.Td>
              <GradeMark grade={grade} />
            </Table.Td>
            <Table.Td className={classes.wide} title={formats.dateTime(grade.changed_at)}>
              {formats.date(grade.changed_at)}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
