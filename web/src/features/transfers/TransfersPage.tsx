import { Button, Group, Skeleton, Text } from '@mantine/core';
import { IconArrowsUpDown, IconPlayerPause, IconPlayerPlay, IconX } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { request } from '../../api/client';
import { ApiError } from '../../api/problem';
import type { Transfer } from '../../api/types';
import { useFormats } from '../../i18n/format';
import { useLiveConnection } from '../../live/useTopic';
import { Confirm } from '../../shell/Confirm';
import { SubNav } from '../../shell/SubNav';
import { Blank, Failure, failureKey, PageHeader } from '../../shell/states';
import { say } from '../../shell/toasts';
import { usePageTitle } from '../../shell/usePageTitle';
import { useIdentity } from '../session/browser';
import { Bar } from './Bar';
import { isUpload } from './joining';
import { useRunningTransfers } from './running';
import classes from './transfers.module.css';

const act = (transfer: Transfer, what: 'pause' | 'resume') =>
  request(`/transfers/${encodeURIComponent(transfer.id)}/${what}`, { method: 'POST' });

/** What is moving now and what stands still: everybody's for administrators, with a hand on it. */
export function TransfersPage() {
  const { t } = useTranslation();
  const formats = useFormats();
  usePageTitle(t('nav.transfers'));
  const identity = useIdentity();
  const queries = useQueryClient();
  const live = useLiveConnection();
  const transfers = useRunningTransfers();
  const [ending, setEnding] = useState<Transfer | null>(null);
  const items = transfers.data ?? [];
  const speed = items.reduce((sum, item) => sum + (item.state === 'transferring' ? item.bytes_per_s : 0), 0);
  const reload = () => queries.invalidateQueries({ queryKey: ['transfers'] });
  const change = async (transfer: Transfer, what: 'pause' | 'resume') => {
    try {
      await act(transfer, what);
    } catch (error) {
      say(t(failureKey(error)), true);
    }
    await reload();
  };
  return (
    <>
      <SubNav section="system" />
      <PageHeader
        title={t('nav.transfers')}
        note={
          <span role="status">
            {t(identity.role === 'admin' ? 'control.bodyAll' : 'control.bodyOwn')}
            {' · '}
            {t(live ? 'system.live' : 'system.polling')}
            {transfers.isError && transfers.data !== undefined
              ? ` · ${t('failure.stale', { time: formats.time(transfers.dataUpdatedAt) })}`
              : ''}
          </span>
        }
      />
      {items.length === 0 ? null : (
        <Text size="sm" mb={12} className="tabular">
          {t('control.summary', {
            number: formats.number(items.length),
            speed: t('transfers.speed', { speed: formats.bytes(speed) }),
          })}
        </Text>
      )}
      <section className="panel" aria-label={t('nav.transfers')} aria-busy={transfers.isPending}>
        {transfers.isPending ? (
          <div className={classes.skeletons} aria-hidden>
            <Skeleton height={56} />
            <Skeleton height={56} />
          </div>
        ) : transfers.isError && transfers.data === undefined ? (
          <Failure error={transfers.error} retry={() => void transfers.refetch()} />
        ) : items.length === 0 ? (
          <Blank
            icon={<IconArrowsUpDown size={40} stroke={1.25} aria-hidden />}
            title={t('transfers.none')}
            body={t('control.emptyBody')}
          />
        ) : (
          <ul className={classes.list}>
            {items.map((item) => (
              <TransferRow
                key={item.id}
                transfer={item}
                onPause={() => void change(item, 'pause')}
                onResume={() => void change(item, 'resume')}
                onEnd={() => setEnding(item)}
              />
            ))}
          </ul>
        )}
      </section>
      {ending === null ? null : (
        <Confirm
          title={t('control.endTitle', { name: ending.name || t('transfers.unnamed') })}
          body={
            isUpload(ending)
              ? t('control.endUpload', { name: ending.user_name, size: formats.bytes(ending.offset) })
              : t('control.endDownload', { name: ending.user_name })
          }
          action={t('control.endConfirm')}
          keep={t('control.keep')}
          onConfirm={async () => {
            await request(`/transfers/${encodeURIComponent(ending.id)}`, { method: 'DELETE' }).catch((error) => {
              // It ended by itself meanwhile.
              if (!(error instanceof ApiError && [404, 409, 410].includes(error.status))) throw error;
            });
            await reload();
          }}
          onClose={() => setEnding(null)}
        />
      )}
    </>
  );
}

interface TransferRowProps {
  transfer: Transfer;
  onPause: () => void;
  onResume: () => void;
  onEnd: () => void;
}

function TransferRow({ transfer, onPause, onResume, onEnd }: TransferRowProps) {
  const { t } = useTranslation();
  const formats = useFormats();
  const size = transfer.size ?? transfer.offset;
  const name = transfer.name || t('transfers.unnamed');
  const moving = transfer.state === 'transferring';
  const paused = transfer.state === 'paused';
  return (
    <li className={classes.row} data-transfer={transfer.state}>
      <div className={classes.what}>
        <span className={classes.name}>{name}</span>
        <span className={classes.facts}>
          {t(isUpload(transfer) ? 'transfers.up' : 'transfers.down')} · {transfer.user_name} ·{' '}
          {t(`transfers.state.${transfer.state}`)}
        </span>
      </div>
      <div className={classes.progress}>
        <Bar value={transfer.offset} size={size} state={moving ? 'sending' : 'paused'} label={name} />
        <span className={classes.facts}>
          {t('transfers.progress', { sent: formats.bytes(transfer.offset), size: formats.bytes(size) })}
          {moving ? ` · ${t('transfers.speed', { speed: formats.bytes(transfer.bytes_per_s) })}` : ''}
        </span>
      </div>
      <Group gap={8} wrap="nowrap" className={classes.actions}>
        <Button
          variant="default"
          size="xs"
          leftSection={paused ? <IconPlayerPlay size={16} aria-hidden /> : <IconPlayerPause size={16} aria-hidden />}
          aria-label={`${t(paused ? 'transfers.resume' : 'transfers.pause')}: ${name}`}
          onClick={paused ? onResume : onPause}
        >
          {t(paused ? 'transfers.resume' : 'transfers.pause')}
        </Button>
        <Button
          variant="subtle"
          color="gray"
          size="xs"
          c="var(--bedel-bad)"
          leftSection={<IconX size={16} aria-hidden />}
          aria-label={`${t('control.end')}: ${name}`}
          onClick={onEnd}
        >
          {t('control.end')}
        </Button>
      </Group>
    </li>
  );
}
