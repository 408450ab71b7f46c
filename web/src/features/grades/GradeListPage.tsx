import { Button } from '@mantine/core';
import { IconDownload, IconFileImport, IconPlus, IconSchool } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useTakeDrops } from '../../shell/drops';
import { NoMatch, PagedList, RowSkeletons } from '../../shell/PagedList';
import { SubNav } from '../../shell/SubNav';
import type { GradeListSearch } from '../../shell/searches';
import panelClasses from '../../shell/sidepanel.module.css';
import { Blank, failureKey, PageHeader } from '../../shell/states';
import { say } from '../../shell/toasts';
import { usePageTitle } from '../../shell/usePageTitle';
import { useIdentity } from '../session/browser';
import { CarnetFilter } from './CarnetFilter';
import { GradeFilters } from './GradeFilters';
import { GradeTable } from './GradeTable';
import { downloadGrades, useGrades } from './grades';
import classes from './list.module.css';
import { mayWrite } from './rights';

const GradePanel = lazy(() => import('./GradePanel').then((module) => ({ default: module.GradePanel })));
const EnterGrade = lazy(() => import('./EnterGrade').then((module) => ({ default: module.EnterGrade })));
const ImportGrades = lazy(() => import('./ImportGrades').then((module) => ({ default: module.ImportGrades })));

const NO_FILTERS: GradeListSearch = { curso: undefined, semestre: undefined, year: undefined, carnet: undefined };

/** Recorded grades: looked up, entered, corrected, brought as a table and taken as one. */
export function GradeListPage() {
  const { t } = useTranslation();
  usePageTitle(t('nav.gradeList'));
  const identity = useIdentity();
  const writes = mayWrite(identity);
  const { grade: opened, ...filter } = useSearch({ from: '/campus/grades/list' });
  const navigate = useNavigate({ from: '/grades/list' });
  const show = (next: GradeListSearch) =>
    void navigate({
      to: '/grades/list',
      search: (before) => ({ ...before, ...next }),
      replace: true,
      resetScroll: false,
    });
  const queries = useQueryClient();
  const list = useGrades(filter);
  const filtered = Object.values(filter).some((value) => value !== undefined);
  const [entering, setEntering] = useState(false);
  const [table, setTable] = useState<File | 'none' | null>(null);
  useTakeDrops(t('grades.dropHere'), (files) => files[0] && setTable(files[0]), writes);
  const changed = () => void queries.invalidateQueries({ queryKey: ['grades'] });
  return (
    <div className={panelClasses.page} data-open={opened !== undefined}>
      <div style={{ minWidth: 0 }}>
        <SubNav section="grades" />
        <PageHeader
          title={t('nav.gradeList')}
          note={t(identity.role === 'professor' ? 'grades.listBodyOwn' : 'grades.listBody')}
        >
          <Download filter={filter} />
          {writes ? (
            <Button
              variant="default"
              leftSection={<IconFileImport size={18} aria-hidden />}
              onClick={() => setTable('none')}
            >
              {t('grades.import')}
            </Button>
          ) : null}
          {writes ? (
            <Button leftSection={<IconPlus size={18} aria-hidden />} onClick={() => setEntering(true)}>
              {t('grades.enter')}
            </Button>
          ) : null}
        </PageHeader>
        <div className={classes.filters}>
          <CarnetFilter carnet={filter.carnet} onChange={(carnet) => show({ carnet })} />
          <GradeFilters filter={filter} onChange={show} />
        </div>
        <section className="panel" aria-label={t('nav.gradeList')} aria-busy={list.isPending}>
          <PagedList
            list={list}
            skeleton={<RowSkeletons below="18%" />}
            blank={
              filtered ? (
                <NoMatch title={t('grades.nothingFound')} clear={() => show(NO_FILTERS)} />
              ) : (
                <Blank
                  icon={<IconSchool size={40} stroke={1.25} aria-hidden />}
                  title={t('grades.emptyTitle')}
                  body={t(writes ? 'grades.listEmptyBody' : 'grades.noRecent')}
                />
              )
            }
          >
            {(grades) => <GradeTable grades={grades} opened={opened} />}
          </PagedList>
        </section>
      </div>
      <Suspense>
        {opened === undefined ? null : (
          <GradePanel id={opened} onClose={() => show({ grade: undefined })} onChanged={changed} />
        )}
        {entering ? <EnterGrade first={filter} onClose={() => setEntering(false)} onEntered={changed} /> : null}
        {table === null ? null : (
          <ImportGrades file={table === 'none' ? null : table} onClose={() => setTable(null)} onImported={changed} />
        )}
      </Suspense>
    </div>
  );
}

function Download({ filter }: { filter: GradeListSearch }) {
  const { t } = useTranslation();
  const [saving, setSaving] = useState(false);
  const save = async () => {
    setSaving(true);
    try {
      await downloadGrades(filter, `${t('grades.fileName')}.csv`);
    } catch (error) {
      say(t(failureKey(error)), true);
    }
    setSaving(false);
  };
  return (
    <Button
      variant="default"
      loading={saving}
      leftSection={<IconDownload size={18} aria-hidden />}
      onClick={() => void save()}
    >
      {t('grades.csv')}
    </Button>
  );
}
