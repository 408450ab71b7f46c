import { Button } from '@mantine/core';
import { IconMaximize, IconPrinter, IconSchool } from '@tabler/icons-react';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormats } from '../../i18n/format';
import { StandingMark } from '../../shell/StandingMark';
import { SubNav } from '../../shell/SubNav';
import { Blank, Failure, PageHeader } from '../../shell/states';
import { usePageTitle } from '../../shell/usePageTitle';
import { useIdentity } from '../session/browser';
import { Board } from './Board';
import { GradeFilters } from './GradeFilters';
import classes from './grades.module.css';
import { mayWrite } from './rights';
import { useChanges } from './statistics';
import { useTotal } from './useFigures';

const Wall = lazy(() => import('./Wall').then((module) => ({ default: module.Wall })));

/** The campus's grades as they come: totals, results, the two routes beside each other. */
export function Dashboard() {
  const { t } = useTranslation();
  usePageTitle(t('nav.grades'));
  const formats = useFormats();
  const identity = useIdentity();
  const { wall, ...filter } = useSearch({ from: '/campus/grades' });
  const navigate = useNavigate({ from: '/grades' });
  const show = (next: Partial<typeof filter> & { wall?: true }) =>
    void navigate({ to: '/grades', search: (before) => ({ ...before, ...next }), replace: true, resetScroll: false });
  const total = useTotal();
  useChanges(total.figure?.count);
  const openWall = () => {
    // Where the browser does not let a page fill the screen, it fills the window.
    document.documentElement.requestFullscreen?.().catch(() => undefined);
    show({ wall: true });
  };
  const empty = total.figure?.count === 0;
  return (
    <>
      <SubNav section="grades" />
      <PageHeader
        title={t('nav.grades')}
        note={
          <>
            <StandingMark standing={total.standing} />
            <span className={classes.printed}> {t('grades.printed', { date: formats.dateTime(Date.now()) })}</span>
          </>
        }
      >
        <Button
          variant="default"
          className={classes.screenOnly}
          leftSection={<IconPrinter size={18} aria-hidden />}
          onClick={() => window.print()}
        >
          {t('grades.print')}
        </Button>
        <Button className={classes.screenOnly} leftSection={<IconMaximize size={18} aria-hidden />} onClick={openWall}>
          {t('grades.wall')}
        </Button>
      </PageHeader>
      {total.figure === null && total.error !== null ? (
        <div className="panel">
          <Failure error={total.error} retry={total.retry} />
        </div>
      ) : empty ? (
        <div className="panel">
          <Blank
            icon={<IconSchool size={40} stroke={1.25} aria-hidden />}
            title={t('grades.emptyTitle')}
            body={t('grades.emptyBody')}
            action={
              mayWrite(identity) ? (
                <Button component={Link} to="/grades/list" variant="default">
                  {t('nav.gradeList')}
                </Button>
              ) : undefined
            }
          />
        </div>
      ) : (
        !wall && (
          <>
            <GradeFilters filter={filter} onChange={show} />
            <Board filter={filter} total={total.figure?.count} />
          </>
        )
      )}
      <Suspense>
        {wall ? (
          <Wall filter={filter} standing={total.standing} onClose={() => show({ wall: undefined })}>
            <Board filter={filter} total={total.figure?.count} wall />
          </Wall>
        ) : null}
      </Suspense>
    </>
  );
}
