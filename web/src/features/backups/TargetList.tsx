import { Button, Skeleton } from '@mantine/core';
import { IconPlayerPlay } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Target } from '../../api/backups';
import { useFormats } from '../../i18n/format';
import { failureKey } from '../../shell/states';
import { say } from '../../shell/toasts';
import { runTarget, useRunning } from './backups';
import classes from './backups.module.css';
import { asOf, healthOf, isUnchanged, nodeOf } from './health';
import { KeptDots } from './KeptDots';
import { HealthMark } from './marks';
import { PathText } from './PathText';
import { useNow, useWhen } from './when';

/** A moment, as an age; the hour itself is a hover away. */
export function Moment({ at, now, none }: { at: string | null | undefined; now: number; none: string }) {
  const formats = useFormats();
  const when = useWhen();
  if (!at) return <span>{none}</span>;
  return (
    <time dateTime={at} title={formats.dateTime(at)}>
      {when.relative(at, now)}
    </time>
  );
}

interface TargetListProps {
  targets: Target[];
  opened: string | undefined;
  /** A backup was asked for. */
  onAsked: () => void;
}

/** A row for each node and path. */
export function TargetList({ targets, opened, onAsked }: TargetListProps) {
  const { t } = useTranslation();
  const now = useNow();
  return (
    <>
      <div className={classes.columns} aria-hidden>
        <span>{t('backups.what')}</span>
        <span>{t('backups.state')}</span>
        <span className={classes.wide}>{t('backups.last')}</span>
        <span className={classes.wide}>{t('backups.lastProof')}</span>
        <span className={classes.wide}>{t('backups.next')}</span>
        <span className={classes.wide}>{t('backups.kept')}</span>
        <span />
      </div>
      <ul className={classes.list}>
        {targets.map((target) => (
          <TargetRow key={target.id} target={target} open={target.id === opened} now={now} onAsked={onAsked} />
        ))}
      </ul>
    </>
  );
}

interface TargetRowProps {
  target: Target;
  open: boolean;
  now: number;
  onAsked: () => void;
}

function TargetRow({ target, open, now, onAsked }: TargetRowProps) {
  const { t } = useTranslation();
  const formats = useFormats();
  const running = useRunning(target.id);
  const health = healthOf(target, running);
  const last = target.kept[0];
  return (
    <li className={classes.row} data-open={open} data-health={health}>
      <Link
        to="/backups"
        search={{ target: target.id }}
        replace
        resetScroll={false}
        className={classes.title}
        data-target={target.id}
        aria-current={open ? 'true' : undefined}
      >
        <PathText path={target.path} />
        <small>{nodeOf(target)}</small>
      </Link>
      <span className={classes.state}>
        <HealthMark health={health} />
        {running === null || running.sent === 0 ? null : <small>{formats.bytes(running.sent)}</small>}
        {target.failures === 0 || health === 'failing' ? null : <small>{t('backups.health.failing')}</small>}
      </span>
      <span className={classes.fact}>
        <small className={classes.narrow}>{t('backups.last')}</small>
        <Moment at={asOf(target)} now={now} none={t('backups.noneYet')} />
        {last === undefined ? null : (
          <small>
            {formats.bytes(last.size)}
            {isUnchanged(target) ? (
              <>
                {' · '}
                <time dateTime={last.at} title={formats.dateTime(last.at)}>
                  {t('backups.unchangedSince', { date: formats.dayMonth(last.at) })}
                </time>
              </>
            ) : null}
          </small>
        )}
      </span>
      <span className={classes.fact}>
        <small className={classes.narrow}>{t('backups.lastProof')}</small>
        <Moment at={target.last_proof_at} now={now} none={t('backups.neverProven')} />
      </span>
      <span className={classes.fact}>
        <small className={classes.narrow}>{t('backups.next')}</small>
        <Moment at={target.next_at} now={Math.min(now, Date.parse(target.next_at))} none="" />
      </span>
      <span className={classes.keeps}>
        <KeptDots kept={target.kept} />
      </span>
      <RunNow target={target} busy={running !== null} onAsked={onAsked} />
    </li>
  );
}

interface RunNowProps {
  target: Target;
  busy: boolean;
  onAsked: () => void;
}

/** Backs up at once; one that is under way is that one. */
export function RunNow({ target, busy, onAsked }: RunNowProps) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const name = `${nodeOf(target)} ${target.path}`;
  const run = async () => {
    setAsking(true);
    try {
      await runTarget(target.id);
      say(t('backups.asked', { name }));
      onAsked();
    } catch (error) {
      say(t(failureKey(error)), true);
    }
    setAsking(false);
  };
  return (
    <Button
      variant="default"
      size="xs"
      className={classes.run}
      loading={asking}
      disabled={busy}
      leftSection={<IconPlayerPlay size={14} aria-hidden />}
      aria-label={`${t('backups.run')}: ${name}`}
      onClick={() => void run()}
    >
      {t('backups.run')}
    </Button>
  );
}

export function TargetSkeletons() {
  return (
    <ul className={classes.list} aria-hidden>
      {['58%', '42%', '66%', '50%'].map((width) => (
        <li key={width} className={classes.row}>
          <span style={{ width }}>
            <Skeleton height={12} mb={8} />
            <Skeleton height={10} width="60%" />
          </span>
          <Skeleton height={20} radius={10} width={88} />
          <Skeleton height={12} className={classes.wide} />
          <Skeleton height={12} className={classes.wide} />
          <Skeleton height={12} className={classes.wide} />
          <Skeleton height={12} className={classes.wide} />
        </li>
      ))}
    </ul>
  );
}
