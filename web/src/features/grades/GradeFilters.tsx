import { useTranslation } from 'react-i18next';
import { FilterChip } from '../files/FilterChip';
import filterClasses from '../files/filters.module.css';
import { type GradesFilter, SEMESTERS, yearsWith } from './filter';
import { useRules } from './grades';

interface GradeFiltersProps {
  filter: GradesFilter;
  onChange: (next: GradesFilter) => void;
}

/** Course, semester and year, as chips. */
export function GradeFilters({ filter, onChange }: GradeFiltersProps) {
  const { t } = useTranslation();
  const { courses } = useRules();
  return (
    <fieldset className={filterClasses.filters}>
      <legend className="visually-hidden">{t('files.filters')}</legend>
      <FilterChip
        label={t('grades.course')}
        value={filter.curso}
        choices={courses.map((value) => ({ value, label: value }))}
        onChange={(curso) => onChange({ curso })}
      />
      <FilterChip
        label={t('grades.semester')}
        value={filter.semestre}
        choices={SEMESTERS.map((value) => ({
          value,
          label: t(value === '1S' ? 'grades.firstSemester' : 'grades.secondSemester'),
        }))}
        onChange={(semestre) => onChange({ semestre: SEMESTERS.find((one) => one === semestre) })}
      />
      <FilterChip
        label={t('grades.year')}
        value={filter.year === undefined ? undefined : String(filter.year)}
        choices={yearsWith(new Date(), [filter.year]).map((year) => ({ value: String(year), label: String(year) }))}
        onChange={(year) => onChange({ year: year === undefined ? undefined : Number(year) })}
      />
    </fieldset>
  );
}
