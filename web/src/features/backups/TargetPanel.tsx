import { Button, Group, Skeleton, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Target } from '../../api/backups';
import { useFormats } from '../../i18n/format';
import { Confirm } from '../../shell/Confirm';
import { PagedList } from '../../shell/PagedList';
import { SidePanel } from '../../shell/SidePanel';
import { failureKey } from '../../shell/states';
import { TextLink } from '../../shell/TextLink';
import { say } from '../../shell/toasts';
import { AlertList } from './AlertList';
import { registerTarget, unregisterTarget, useHistory, useLastAttempt, useRunning } from './backups';
import classes from './backups.module.css';
import { ChangeTarget } from './ChangeTarget';
import { healthOf, nodeOf, proofState } from './health';
import { HealthMark, OutcomeMark, ProofMark } from './marks';
import { NodeRoom } from './NodeRoom';
import { Moment, RunNow } from './TargetList';
import { Why } from './Why';
import { useNow, useWhen } from './when';

interface TargetPanelProps {
  target: Target;
  onClose: () => void;
  onChanged: () => Promise<void>;
}

/** One node and path: how it is doing, what may be done, and every backup of it there ever was. */
export function TargetPanel({ target, onClose, onChanged }: TargetPanelProps) {
  const { t } = useTranslation();
  const when = useWhen();
  const now = useNow();
  const running = useRunning(target.id);
  const [dialog, setDialog] = useState<'change' | 'unregister' | null>(null);
  const node = nodeOf(target);
  const name = `${node} ${target.path}`;
  const restore = async () => {
    const { host, port, path, every_minutes, pin_last_good } = target;
    try {
      await registerTarget({ host, port, path, every_minutes, pin_last_good });
      say(t('backups.registeredAgain', { name }));
    } catch (error) {
      say(t(failureKey(error)), true);
    }
    await onChanged();
  };
  return (
    <SidePanel
      id={target.id}
      label={t('files.details')}
      title={target.path}
      closeLabel={t('files.closeDetails')}
      origin={`[data-target="${CSS.escape(target.id)}"]`}
      onClose={onClose}
    >
      <Stack gap={16} data-target-details={target.id}>
        <Group gap={8} justify="space-between">
          <Text size="sm" c="dimmed">
            {node}
          </Text>
          <HealthMark health={healthOf(target, running)} />
        </Group>
        <dl className={classes.facts}>
          <dt>{t('backups.lastGood')}</dt>
          <dd>
            <Moment at={target.last_good_at} now={now} none={t('backups.noneYet')} />
          </dd>
          <dt>{t('backups.lastProof')}</dt>
          <dd>
            <Moment at={target.last_proof_at} now={now} none={t('backups.neverProven')} />
          </dd>
          <dt>{t('backups.next')}</dt>
          <dd>
            <Moment at={target.next_at} now={Math.min(now, Date.parse(target.next_at))} none="" />
          </dd>
          <dt>{t('backups.every')}</dt>
          <dd>{when.every(target.every_minutes)}</dd>
          {target.pin_last_good ? (
            <>
              <dt>{t('backups.pinned')}</dt>
              <dd>{t('backups.pinnedYes')}</dd>
            </>
          ) : null}
        </dl>
        <NodeRoom used={target.node.used} quota={target.node.quota} />
        <Group gap={8}>
          <RunNow target={target} busy={running !== null} onAsked={() => void onChanged()} />
          <Button variant="default" size="xs" onClick={() => setDialog('change')}>
            {t('files.edit')}
          </Button>
          <Button variant="subtle" size="xs" c="var(--bedel-bad)" color="gray" onClick={() => setDialog('unregister')}>
            {t('backups.unregister')}
          </Button>
        </Group>
        {target.failures === 0 ? null : <LastFailure node={node} path={target.path} />}
        {target.alerts.length === 0 ? null : (
          <div className={classes.inset}>
            <AlertList alerts={target.alerts} />
          </div>
        )}
        <History node={node} path={target.path} />
        <TextLink to="/backups/log" search={{ node, path: target.path }} size="sm">
          {t('backups.seeLog')}
        </TextLink>
      </Stack>
      {dialog === 'change' ? (
        <ChangeTarget target={target} onClose={() => setDialog(null)} onChanged={onChanged} />
      ) : null}
      {dialog === 'unregister' ? (
        <Confirm
          title={t('backups.unregisterTitle', { name: target.path })}
          body={t('backups.unregisterBody', { node })}
          action={t('backups.unregister')}
          onConfirm={async () => {
            await unregisterTarget(target.id);
            onClose();
            say(t('backups.unregistered', { name }), false, { label: t('common.undo'), run: () => void restore() });
            await onChanged();
          }}
          onClose={() => setDialog(null)}
        />
      ) : null}
    </SidePanel>
  );
}

/** Why the last attempt brought no backup. */
function LastFailure({ node, path }: { node: string; path: string }) {
  const { t } = useTranslation();
  const now = useNow();
  const { data: last } = useLastAttempt(node, path);
  if (!last?.ended_at) return null;
  return (
    <div data-last-attempt={last.outcome}>
      <h3 className={classes.heading}>{t('backups.lastAttempt')}</h3>
      <Group gap={8}>
        <OutcomeMark outcome={last.outcome} />
        <Text size="sm" c="dimmed">
          <Moment at={last.ended_at} now={now} none="" />
        </Text>
      </Group>
      <Why attempt={last} />
    </div>
  );
}

/** Every backup of a node and path, the kept ones to be opened. */
function History({ node, path }: { node: string; path: string }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const history = useHistory(node, path);
  return (
    <section aria-labelledby="history-heading" aria-busy={history.isPending}>
      <h3 id="history-heading" className={classes.heading}>
        {t('backups.history')}
      </h3>
      <PagedList
        list={history}
        compact
        short
        skeleton={<Skeleton height={120} />}
        blank={
          <Text size="sm" c="dimmed">
            {t('backups.noBackups')}
          </Text>
        }
      >
        {(backups) => (
          <ul className={classes.history}>
            {backups.map((backup) => (
              <li key={backup.id} data-backup={backup.id} data-kept={backup.kept}>
                <span>
                  {backup.kept ? (
                    <TextLink to="/backups/$backup" params={{ backup: backup.id }} size="sm">
                      {formats.date(backup.at)} {formats.hourMinute(Date.parse(backup.at))}
                    </TextLink>
                  ) : (
                    <span>
                      {formats.date(backup.at)} {formats.hourMinute(Date.parse(backup.at))}
                    </span>
                  )}
                  <small>
                    {formats.bytes(backup.size)}
                    {backup.warnings > 0
                      ? ` · ${t('backups.warnings', { number: formats.number(backup.warnings) })}`
                      : ''}
                  </small>
                </span>
                {backup.kept ? <ProofMark proof={proofState(backup.proof)} /> : <small>{t('backups.dropped')}</small>}
              </li>
            ))}
          </ul>
        )}
      </PagedList>
    </section>
  );
}
