import { Anchor, Button, Skeleton, Text, Title } from '@mantine/core';
import { IconCircleCheck } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { withTexts } from '../../i18n';
import { useFormats } from '../../i18n/format';
import { Confirm } from '../../shell/Confirm';
import { Blank, Failure, PageHeader } from '../../shell/states';
import { usePageTitle } from '../../shell/usePageTitle';
import { FileRow, FileSkeletons } from '../files/FileList';
import filesClasses from '../files/files.module.css';
import { useFiles } from '../files/queries';
import { UploadButton } from '../files/UploadButton';
import { QuotaBar } from '../quota/QuotaBar';
import { useIdentity } from '../session/browser';
import { useRoleNames } from '../system/names';
import { HealthMark } from '../system/StateMark';
import { healthOf, readyReplicas, useStatus, wantedRoles } from '../system/status';
import type { Unfinished } from '../transfers/joining';
import { UnfinishedRow } from '../transfers/UnfinishedRow';
import { continueUpload, discardUnfinished, useUnfinished } from '../transfers/unfinished';
import { ExpiringBlock } from './ExpiringBlock';
import classes from './home.module.css';

const loadProposals = withTexts('rooms', () => import('./ProposalsBlock'));
const ProposalsBlock = lazy(() => loadProposals().then((module) => ({ default: module.ProposalsBlock })));

const loadBackups = withTexts('backups', () => import('./BackupsBlock'));
const BackupsBlock = lazy(() => loadBackups().then((module) => ({ default: module.BackupsBlock })));

const RECENT = 5;

/** "Is anything mine unfinished or wrong?" */
export function HomePage() {
  const { t } = useTranslation();
  const identity = useIdentity();
  usePageTitle(t('home.title'));
  const status = useStatus();
  const unfinished = useUnfinished();
  const answers = identity.role === 'admin' || identity.role === 'staff';
  const admin = identity.role === 'admin';
  const [proposals, setProposals] = useState(0);
  // Unknown until they are asked for: nothing is called well before.
  const [alerts, setAlerts] = useState<number | null>(admin ? null : 0);
  const ailing = wantedRoles(status.data).filter((role) => healthOf(role) !== 'ready');
  const settled = !status.isPending && !unfinished.isPending;
  const well =
    settled &&
    !status.isError &&
    !unfinished.isError &&
    ailing.length === 0 &&
    unfinished.data.length === 0 &&
    proposals === 0 &&
    alerts === 0;
  return (
    <>
      <PageHeader title={t('home.hello', { name: identity.username })}>
        <UploadButton />
      </PageHeader>
      <div className={classes.grid}>
        {settled ? null : <Skeleton height={84} radius={12} />}
        {well ? (
          <section className={`panel ${classes.well}`} role="status">
            <IconCircleCheck size={32} stroke={1.5} aria-hidden />
            <div>
              <Title order={2}>{t('home.allWell')}</Title>
              <Text c="dimmed" size="sm">
                {t('home.allWellBody')}
              </Text>
            </div>
          </section>
        ) : null}
        <Suspense>{answers ? <ProposalsBlock onCount={setProposals} /> : null}</Suspense>
        <Suspense>{admin ? <BackupsBlock onCount={setAlerts} /> : null}</Suspense>
        <UnfinishedBlock />
        <ServicesBlock />
        <ExpiringBlock />
        <RecentBlock />
        <QuotaBar />
      </div>
    </>
  );
}

function UnfinishedBlock() {
  const { t } = useTranslation();
  const formats = useFormats();
  const queries = useQueryClient();
  const unfinished = useUnfinished();
  const [discarding, setDiscarding] = useState<Unfinished | null>(null);
  if (unfinished.isError && unfinished.data === undefined) {
    return (
      <section className="panel">
        <div className={classes.head}>
          <Title order={2}>{t('home.unfinished')}</Title>
        </div>
        <Failure compact error={unfinished.error} retry={() => void unfinished.refetch()} />
      </section>
    );
  }
  if (!unfinished.data?.length) return null;
  return (
    <section className={`panel ${classes.block}`}>
      <div className={classes.head}>
        <Title order={2}>{t('home.unfinished')}</Title>
      </div>
      <Text c="dimmed" size="sm" className={classes.note}>
        {t('home.unfinishedBody')}
      </Text>
      <ul className={classes.list}>
        {unfinished.data.map((entry) => (
          <UnfinishedRow key={entry.url} entry={entry} onContinue={continueUpload} onDiscard={setDiscarding} />
        ))}
      </ul>
      {discarding === null ? null : (
        <Confirm
          title={t('transfers.cancelTitle', { name: discarding.name ?? t('transfers.unnamed') })}
          body={t('transfers.cancelBody', { size: formats.bytes(discarding.offset) })}
          action={t('transfers.cancelConfirm')}
          keep={t('transfers.keep')}
          onConfirm={async () => {
            await discardUnfinished(discarding);
            await queries.invalidateQueries({ queryKey: ['unfinished'] });
          }}
          onClose={() => setDiscarding(null)}
        />
      )}
    </section>
  );
}

function ServicesBlock() {
  const { t } = useTranslation();
  const names = useRoleNames();
  const status = useStatus();
  if (status.isError && status.data === undefined) {
    return (
      <section className="panel">
        <div className={classes.head}>
          <Title order={2}>{t('system.campus')}</Title>
        </div>
        <Failure compact error={status.error} retry={() => void status.refetch()} />
      </section>
    );
  }
  const ailing = wantedRoles(status.data).filter((role) => healthOf(role) !== 'ready');
  if (ailing.length === 0) return null;
  return (
    <section className={`panel ${classes.block}`}>
      <div className={classes.head}>
        <Title order={2}>{t('home.attention')}</Title>
        <Anchor component={Link} to="/system" size="sm">
          {t('home.seeSystem')}
        </Anchor>
      </div>
      <ul className={classes.list}>
        {ailing.map((role) => (
          <li key={role.role} className={classes.service}>
            <span>
              {role.ready
                ? t('home.degraded', { name: names.name(role.role), ready: readyReplicas(role), desired: role.desired })
                : t('home.downBody', { name: names.name(role.role) })}
            </span>
            <HealthMark health={healthOf(role)} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function RecentBlock() {
  const { t } = useTranslation();
  const identity = useIdentity();
  const recent = useFiles({ owner: identity.id });
  const files = recent.data?.pages[0]?.items.slice(0, RECENT) ?? [];
  return (
    <section className={`panel ${classes.block}`} aria-busy={recent.isPending}>
      <div className={classes.head}>
        <Title order={2}>{t('home.recent')}</Title>
        {files.length > 0 ? (
          <Button component={Link} to="/files" variant="subtle" size="compact-sm">
            {t('home.seeFiles')}
          </Button>
        ) : null}
      </div>
      {recent.isPending ? (
        <FileSkeletons count={3} />
      ) : recent.isError && files.length === 0 ? (
        <Failure compact error={recent.error} retry={() => void recent.refetch()} />
      ) : files.length === 0 ? (
        <Blank title={t('home.noRecent')} body={t('files.emptyBody')} />
      ) : (
        <ul className={filesClasses.list}>
          {files.map((file) => (
            <FileRow key={file.id} file={file} open={false} />
          ))}
        </ul>
      )}
    </section>
  );
}
