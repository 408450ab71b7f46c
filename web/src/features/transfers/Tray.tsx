import { ActionIcon, Button, Tooltip } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconChevronDown, IconChevronUp } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormats } from '../../i18n/format';
import { Confirm } from '../../shell/Confirm';
import { useQuota } from '../quota/quota';
import { bytesLeft } from '../quota/room';
import type { Unfinished } from './joining';
import type { UploadItem } from './queue';
import classes from './tray.module.css';
import { UnfinishedRow } from './UnfinishedRow';
import { UploadRow } from './UploadRow';
import { continueUpload, discardUnfinished, useUnfinished } from './unfinished';
import { uploads, useUploads } from './uploads';

function useSummary(items: readonly UploadItem[], unfinished: number): string {
  const { t } = useTranslation();
  const active = items.filter((item) => ['sending', 'waiting', 'retrying'].includes(item.state)).length;
  if (active > 0) return t('transfers.summaryActive', { active, total: items.length });
  if (items.some((item) => item.state !== 'done')) return t('transfers.summaryPaused');
  if (unfinished > 0) return t('transfers.summaryWaiting');
  return t('transfers.summaryDone');
}

/** Tells the page how much of its lower edge the tray covers, so that what scrolls there can be scrolled past it. */
function measure(tray: HTMLElement | null) {
  if (tray === null) return;
  const { style } = document.documentElement;
  const watcher = new ResizeObserver(() => style.setProperty('--tray', `${tray.offsetHeight}px`));
  watcher.observe(tray);
  return () => {
    watcher.disconnect();
    style.removeProperty('--tray');
  };
}

/** This person's uploads, without those that the page itself shows; stays while they move between pages and finds them again after a reload. */
export function Tray({ without }: { without: 'nothing' | 'unfinished' }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const items = useUploads();
  const quota = useQuota(items.some((item) => item.failure?.kind === 'final' && item.failure.reason === 'quota')).data;
  const found = useUnfinished().data;
  const unfinished = without === 'unfinished' ? [] : (found ?? []);
  const [chosen, setOpen] = useState<boolean | null>(null);
  // On a phone it would hide half the page: it opens by itself only for what was just begun.
  const roomy = useMediaQuery('(min-width: 48em)', true, { getInitialValueInEffect: false });
  const open = chosen ?? (roomy || items.length > 0);
  const [cancelling, setCancelling] = useState<UploadItem | null>(null);
  const [discarding, setDiscarding] = useState<Unfinished | null>(null);
  const summary = useSummary(items, unfinished.length);
  if (items.length === 0 && unfinished.length === 0) return null;

  const total = items.reduce((sum, item) => sum + item.size, 0) || 1;
  const sent = items.reduce((sum, item) => sum + item.sent, 0);
  const confirming = cancelling ?? discarding;
  const confirmingBytes = cancelling?.sent ?? discarding?.offset ?? 0;
  return (
    <section ref={measure} className={`panel ${classes.tray}`} aria-label={t('transfers.tray')}>
      <div className={classes.head}>
        <h2 className="ellipsis">{summary}</h2>
        {open && items.some((item) => item.state === 'done') ? (
          <Button variant="subtle" size="compact-sm" color="gray" onClick={() => uploads.clearDone()}>
            {t('transfers.clear')}
          </Button>
        ) : null}
        <Tooltip label={open ? t('transfers.collapse') : t('transfers.expand')} openDelay={400}>
          <ActionIcon
            variant="subtle"
            color="gray"
            size={32}
            aria-expanded={open}
            aria-label={open ? t('transfers.collapse') : t('transfers.expand')}
            onClick={() => setOpen(!open)}
          >
            {open ? <IconChevronDown size={18} aria-hidden /> : <IconChevronUp size={18} aria-hidden />}
          </ActionIcon>
        </Tooltip>
      </div>
      {open ? (
        <ul className={classes.list}>
          {items.map((item) => (
            <UploadRow
              key={item.key}
              item={item}
              queue={uploads}
              left={quota === undefined ? undefined : formats.bytes(bytesLeft(quota) ?? 0)}
              onCancel={setCancelling}
              onOpen={(file) => void navigate({ to: '/files', search: { file } })}
            />
          ))}
          {unfinished.map((entry) => (
            <UnfinishedRow key={entry.url} entry={entry} onContinue={continueUpload} onDiscard={setDiscarding} />
          ))}
        </ul>
      ) : items.length > 0 ? (
        <div className={classes.overall}>
          <div style={{ transform: `scaleX(${sent / total})` }} />
        </div>
      ) : null}
      {confirming === null ? null : (
        <Confirm
          title={t('transfers.cancelTitle', { name: confirming.name ?? t('transfers.unnamed') })}
          body={t('transfers.cancelBody', { size: formats.bytes(confirmingBytes) })}
          action={t('transfers.cancelConfirm')}
          keep={t('transfers.keep')}
          onConfirm={async () => {
            if (cancelling !== null) await uploads.cancel(cancelling.key);
            if (discarding !== null) await discardUnfinished(discarding);
            await queries.invalidateQueries({ queryKey: ['unfinished'] });
          }}
          onClose={() => {
            setCancelling(null);
            setDiscarding(null);
          }}
        />
      )}
    </section>
  );
}
