import { ActionIcon, Button, Skeleton, Text, Tooltip } from '@mantine/core';
import { IconLink, IconLock, IconTrash } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { CampusFile, Share } from '../../api/types';
import { useFormats } from '../../i18n/format';
import { Confirm } from '../../shell/Confirm';
import { Failure } from '../../shell/states';
import { say } from '../../shell/toasts';
import { revokeShare, useShares } from './shares';
import classes from './shares.module.css';

const CreateShare = lazy(() => import('./CreateShare').then((module) => ({ default: module.CreateShare })));

/** The links that open this file for people without an account. */
export function ShareSection({ file }: { file: CampusFile }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const shares = useShares(file.id);
  const [creating, setCreating] = useState(false);
  const [revoking, setRevoking] = useState<Share | null>(null);
  const reload = () => queries.invalidateQueries({ queryKey: ['shares', file.id] });
  const items = shares.data?.items ?? [];
  return (
    <section aria-labelledby="share-heading" aria-busy={shares.isPending}>
      <div className={classes.head}>
        <h3 id="share-heading">{t('share.title')}</h3>
        <Button
          variant="default"
          size="xs"
          leftSection={<IconLink size={16} aria-hidden />}
          onClick={() => setCreating(true)}
        >
          {t('share.create')}
        </Button>
      </div>
      {shares.isPending ? (
        <Skeleton height={40} />
      ) : shares.isError && shares.data === undefined ? (
        <Failure compact error={shares.error} retry={() => void shares.refetch()} />
      ) : items.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t('share.none')}
        </Text>
      ) : (
        <ul className={classes.list}>
          {items.map((share) => (
            <ShareRow key={share.id} share={share} onRevoke={() => setRevoking(share)} />
          ))}
        </ul>
      )}
      <Suspense>
        {creating ? (
          <CreateShare file={file.id} onClose={() => setCreating(false)} onCreated={() => void reload()} />
        ) : null}
      </Suspense>
      {revoking === null ? null : (
        <Confirm
          title={t('share.revokeTitle')}
          body={t('share.revokeBody')}
          action={t('share.revokeConfirm')}
          onConfirm={async () => {
            await revokeShare(revoking.id);
            say(t('share.revoked'));
            await reload();
          }}
          onClose={() => setRevoking(null)}
        />
      )}
    </section>
  );
}

function ShareRow({ share, onRevoke }: { share: Share; onRevoke: () => void }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const name = share.note || t('share.unnamed', { date: formats.date(share.created_at) });
  const ended = share.state !== 'open';
  const count =
    share.max_downloads === null
      ? t('share.downloads', { number: formats.number(share.downloads) })
      : t('share.downloadsOf', {
          number: formats.number(share.downloads),
          most: formats.number(share.max_downloads),
        });
  return (
    <li className={classes.row} data-share={share.state}>
      <div className={classes.what}>
        <span className={classes.name}>{name}</span>
        <span className={classes.facts}>
          {ended ? <strong>{t(`share.state.${share.state}`)}</strong> : null}
          {share.has_password ? (
            <span>
              <IconLock size={14} aria-hidden className={classes.lock} /> {t('share.locked')}
            </span>
          ) : null}
          <span>{count}</span>
          {share.expires_at === null ? (
            <span>{t('share.endless')}</span>
          ) : (
            <span title={formats.dateTime(share.expires_at)}>
              {t('share.until', { date: formats.date(share.expires_at) })}
            </span>
          )}
        </span>
      </div>
      <Tooltip label={t('share.revokeConfirm')} openDelay={400}>
        <ActionIcon variant="subtle" color="gray" size={36} aria-label={t('share.revoke', { name })} onClick={onRevoke}>
          <IconTrash size={18} aria-hidden />
        </ActionIcon>
      </Tooltip>
    </li>
  );
}
