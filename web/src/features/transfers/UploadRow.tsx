import { ActionIcon, type ActionIconProps, Tooltip } from '@mantine/core';
import { IconCheck, IconEye, IconPlayerPause, IconPlayerPlay, IconRefresh, IconX } from '@tabler/icons-react';
import { type ReactNode, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormats } from '../../i18n/format';
import { Bar } from './Bar';
import type { UploadItem, UploadQueue } from './queue';
import classes from './tray.module.css';

export function RowAction(
  props: { label: string; name: string; onClick: () => void; children: ReactNode } & ActionIconProps,
) {
  const { label, name, children, ...rest } = props;
  return (
    <Tooltip label={label} openDelay={400}>
      <ActionIcon variant="subtle" color="gray" size={32} aria-label={`${label}: ${name}`} {...rest}>
        {children}
      </ActionIcon>
    </Tooltip>
  );
}

/** Re-renders each second while there is a countdown to show. */
function useNow(ticking: boolean): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (!ticking) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [ticking]);
  return now;
}

function Situation({ item, left }: { item: UploadItem; left?: string }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const now = useNow(item.state === 'retrying' && item.retryAt !== null);
  if (item.state === 'retrying') {
    if (item.failure?.kind === 'signed-out') return <span className={classes.warn}>{t('transfers.signedOut')}</span>;
    if (item.retryAt === null) return <span className={classes.warn}>{t('transfers.offline')}</span>;
    const time = formats.duration(item.retryAt - now);
    if (item.asked !== null) return <span>{t(`transfers.${item.asked}`, { time })}</span>;
    return (
      <span className={classes.warn}>
        {item.retryAt - now < 1_000 ? t('transfers.retryingNow') : t('transfers.retrying', { time })}
      </span>
    );
  }
  if (item.state === 'failed' && item.failure?.kind === 'final') {
    return (
      <span className={classes.bad}>
        {item.failure.reason !== 'quota'
          ? t(`transfers.reason.${item.failure.reason}`, { detail: item.failure.detail })
          : left === undefined
            ? t('transfers.reason.quotaOther')
            : t('transfers.reason.quota', { left })}
        {item.failure.requestId ? ` · ${t('failure.requestId', { id: item.failure.requestId })}` : ''}
      </span>
    );
  }
  if (item.state === 'paused') return <span>{t('transfers.paused')}</span>;
  if (item.state === 'waiting') return <span>{t('transfers.waiting')}</span>;
  if (item.speed === null || item.speed === 0) return <span>{t('transfers.preparing')}</span>;
  return (
    <>
      <span>{t('transfers.speed', { speed: formats.bytes(item.speed) })}</span>
      <span>{t('transfers.left', { time: formats.duration(((item.size - item.sent) / item.speed) * 1000) })}</span>
    </>
  );
}

interface UploadRowProps {
  item: UploadItem;
  queue: UploadQueue;
  onCancel: (item: UploadItem) => void;
  /** How much still fits into the uploader's quota, where they have one. */
  left?: string;
  /** Shows the file that came of it, where that can be done. */
  onOpen?: (file: string) => void;
}

/** One upload in the tray. */
export function UploadRow({ item, queue, onCancel, left, onOpen }: UploadRowProps) {
  const { t } = useTranslation();
  const formats = useFormats();
  const running = item.state === 'sending' || item.state === 'waiting';
  return (
    <li className={classes.row} data-upload={item.state}>
      <div className={classes.line}>
        <span className={`${classes.name} ellipsis`} title={item.name}>
          {item.name}
        </span>
        {item.state === 'done' ? (
          <>
            {item.fileId === null || onOpen === undefined ? null : (
              <RowAction label={t('transfers.open')} name={item.name} onClick={() => onOpen(item.fileId ?? '')}>
                <IconEye size={18} aria-hidden />
              </RowAction>
            )}
            <RowAction label={t('transfers.dismiss')} name={item.name} onClick={() => void queue.cancel(item.key)}>
              <IconX size={18} aria-hidden />
            </RowAction>
          </>
        ) : (
          <>
            {running ? (
              <RowAction label={t('transfers.pause')} name={item.name} onClick={() => queue.pause(item.key)}>
                <IconPlayerPause size={18} aria-hidden />
              </RowAction>
            ) : (
              <RowAction
                label={item.state === 'failed' ? t('transfers.retry') : t('transfers.resume')}
                name={item.name}
                onClick={() => queue.resume(item.key)}
              >
                {item.state === 'failed' ? (
                  <IconRefresh size={18} aria-hidden />
                ) : (
                  <IconPlayerPlay size={18} aria-hidden />
                )}
              </RowAction>
            )}
            <RowAction label={t('transfers.cancel')} name={item.name} onClick={() => onCancel(item)}>
              <IconX size={18} aria-hidden />
            </RowAction>
          </>
        )}
      </div>
      {item.state === 'done' ? (
        <div className={classes.facts}>
          <span className={classes.good}>
            <IconCheck size={14} aria-hidden style={{ verticalAlign: '-2px' }} /> {t('transfers.done')}
          </span>
          <span>{formats.bytes(item.size)}</span>
        </div>
      ) : (
        <>
          <Bar value={item.sent} size={item.size} state={item.state} label={item.name} />
          <div className={classes.facts}>
            <span>{t('transfers.progress', { sent: formats.bytes(item.sent), size: formats.bytes(item.size) })}</span>
            <Situation item={item} left={left} />
          </div>
          {item.resumedFrom === null ? null : (
            <div className={classes.facts}>
              <span>{t('transfers.resumedFrom', { size: formats.bytes(item.resumedFrom) })}</span>
            </div>
          )}
        </>
      )}
    </li>
  );
}
