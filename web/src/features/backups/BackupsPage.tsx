import { Button, TextInput } from '@mantine/core';
import { IconArchive, IconPlugConnected, IconPlus, IconSearchOff } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Target } from '../../api/backups';
import { useFormats } from '../../i18n/format';
import { matches } from '../../shell/matches';
import { StandingMark } from '../../shell/StandingMark';
import { SubNav } from '../../shell/SubNav';
import panelClasses from '../../shell/sidepanel.module.css';
import { Blank, Failure, PageHeader } from '../../shell/states';
import { say } from '../../shell/toasts';
import { usePageTitle } from '../../shell/usePageTitle';
import { useBackupsNews, useTargets } from './backups';
import classes from './backups.module.css';
import { nodeOf } from './health';
import { OpenAlerts } from './OpenAlerts';
import { useStanding } from './standing';
import { TargetList, TargetSkeletons } from './TargetList';

const TargetPanel = lazy(() => import('./TargetPanel').then((module) => ({ default: module.TargetPanel })));
const RegisterTarget = lazy(() => import('./RegisterTarget').then((module) => ({ default: module.RegisterTarget })));
const EnrolNode = lazy(() => import('./EnrolNode').then((module) => ({ default: module.EnrolNode })));

/** From how many on they can be searched. */
const MANY = 8;

/** "Is everything backed up, and would it come back?": a row for each node and path. */
export function BackupsPage() {
  const { t } = useTranslation();
  usePageTitle(t('nav.backups'));
  const formats = useFormats();
  const queries = useQueryClient();
  const { target: opened } = useSearch({ from: '/campus/backups' });
  const navigate = useNavigate({ from: '/backups' });
  const open = (target: string | undefined) =>
    void navigate({ to: '/backups', search: { target }, replace: true, resetScroll: false });
  const live = useBackupsNews();
  const targets = useTargets();
  const standing = useStanding(targets, live);
  const [asked, setAsked] = useState('');
  const [dialog, setDialog] = useState<'register' | 'enrol' | null>(null);
  const all = [...(targets.data ?? [])].sort((a, b) => formats.compare(nameOf(a), nameOf(b)));
  const shown = all.filter((target) => matches(nameOf(target), asked));
  const found = all.find((target) => target.id === opened);
  const reload = () => queries.invalidateQueries({ queryKey: ['backups'] });
  const close = () => setDialog(null);
  return (
    <div className={panelClasses.page} data-open={found !== undefined}>
      <div style={{ minWidth: 0 }}>
        <SubNav section="backups" />
        <PageHeader title={t('nav.backups')} note={<StandingMark standing={standing} />}>
          <Button
            variant="default"
            leftSection={<IconPlugConnected size={18} aria-hidden />}
            onClick={() => setDialog('enrol')}
          >
            {t('backups.enrol')}
          </Button>
          <Button leftSection={<IconPlus size={18} aria-hidden />} onClick={() => setDialog('register')}>
            {t('backups.register')}
          </Button>
        </PageHeader>
        {targets.isError && targets.data === undefined ? null : <OpenAlerts onDismissed={() => void reload()} />}
        {all.length > MANY ? (
          <TextInput
            mb={16}
            maw={360}
            aria-label={t('backups.find')}
            placeholder={t('backups.find')}
            value={asked}
            onChange={(event) => setAsked(event.currentTarget.value)}
          />
        ) : null}
        <section className={`panel ${classes.panel}`} aria-label={t('backups.list')} aria-busy={targets.isPending}>
          {targets.isPending ? (
            <TargetSkeletons />
          ) : targets.data === undefined ? (
            <Failure error={targets.error} retry={() => void targets.refetch()} />
          ) : all.length === 0 ? (
            <Blank
              icon={<IconArchive size={40} stroke={1.25} aria-hidden />}
              title={t('backups.emptyTitle')}
              body={t('backups.emptyBody')}
              action={
                <Button variant="default" onClick={() => setDialog('enrol')}>
                  {t('backups.enrolFirst')}
                </Button>
              }
            />
          ) : shown.length === 0 ? (
            <Blank
              icon={<IconSearchOff size={40} stroke={1.25} aria-hidden />}
              title={t('backups.noneFound')}
              body={t('files.nothingFoundBody')}
            />
          ) : (
            <TargetList targets={shown} opened={opened} onAsked={() => void reload()} />
          )}
        </section>
      </div>
      <Suspense>
        {found === undefined ? null : (
          <TargetPanel key={found.id} target={found} onClose={() => open(undefined)} onChanged={reload} />
        )}
        {dialog === 'register' ? (
          <RegisterTarget
            onClose={close}
            onRegistered={(made) => {
              say(t('backups.registered', { name: nameOf(made) }));
              void reload();
            }}
          />
        ) : null}
        {dialog === 'enrol' ? <EnrolNode onClose={close} /> : null}
      </Suspense>
    </div>
  );
}

function nameOf(target: Target): string {
  return `${nodeOf(target)} ${target.path}`;
}
