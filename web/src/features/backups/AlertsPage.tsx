import { Title } from '@mantine/core';
import { IconBell, IconShieldCheck } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { PagedList, RowSkeletons } from '../../shell/PagedList';
import { StandingMark } from '../../shell/StandingMark';
import { SubNav } from '../../shell/SubNav';
import { Blank, PageHeader } from '../../shell/states';
import { usePageTitle } from '../../shell/usePageTitle';
import { AlertList } from './AlertList';
import classes from './alerts.module.css';
import { useAlerts, useBackupsNews } from './backups';
import { useStanding } from './standing';

/** What is wrong with the backups now, and what was. */
export function AlertsPage() {
  const { t } = useTranslation();
  usePageTitle(t('nav.backupAlerts'));
  const live = useBackupsNews();
  const open = useAlerts(true);
  const standing = useStanding(open, live);
  return (
    <>
      <SubNav section="backups" />
      <PageHeader
        title={t('nav.backupAlerts')}
        note={
          <>
            {t('backups.alertsBody')} · <StandingMark standing={standing} />
          </>
        }
      />
      <Alerts title={t('backups.openAlerts')} which="open" alerts={open} />
      <Alerts title={t('backups.alertHistory')} which="past" alerts={useAlerts(false)} />
    </>
  );
}

interface AlertsProps {
  title: string;
  which: 'open' | 'past';
  alerts: ReturnType<typeof useAlerts>;
}

function Alerts({ title, which, alerts }: AlertsProps) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const dismissed = () => void queries.invalidateQueries({ queryKey: ['backups'] });
  const heading = `alerts-${which}`;
  return (
    <section className={`panel ${classes.open}`} aria-labelledby={heading} aria-busy={alerts.isPending}>
      <div className={classes.head}>
        <Title order={2} id={heading}>
          {title}
        </Title>
      </div>
      <PagedList
        list={alerts}
        compact
        short
        skeleton={<RowSkeletons />}
        blank={
          which === 'open' ? (
            <Blank
              icon={<IconShieldCheck size={40} stroke={1.25} aria-hidden />}
              title={t('backups.noneOpen')}
              body={t('backups.noneOpenBody')}
            />
          ) : (
            <Blank
              icon={<IconBell size={40} stroke={1.25} aria-hidden />}
              title={t('backups.nonePast')}
              body={t('backups.nonePastBody')}
            />
          )
        }
      >
        {(items) => <AlertList alerts={items} onDismissed={which === 'open' ? dismissed : undefined} />}
      </PagedList>
    </section>
  );
}
