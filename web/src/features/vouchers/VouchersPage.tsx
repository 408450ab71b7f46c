import { ActionIcon, Button, Skeleton, Stack, Text, Tooltip } from '@mantine/core';
import { IconInbox, IconTrash } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Voucher } from '../../api/types';
import { useFormats } from '../../i18n/format';
import { Confirm } from '../../shell/Confirm';
import { ListEnd } from '../../shell/ListEnd';
import { SubNav } from '../../shell/SubNav';
import { Blank, Failure, PageHeader } from '../../shell/states';
import { say } from '../../shell/toasts';
import { usePageTitle } from '../../shell/usePageTitle';
import { useIdentity } from '../session/browser';
import { revokeVoucher, useVouchers } from './vouchers';
import classes from './vouchers.module.css';

const CreateVoucher = lazy(() => import('./CreateVoucher').then((module) => ({ default: module.CreateVoucher })));

/** "Pedir archivos": invitations to upload, for people without an account. */
export function VouchersPage() {
  const { t } = useTranslation();
  usePageTitle(t('voucher.title'));
  const queries = useQueryClient();
  const vouchers = useVouchers();
  const [creating, setCreating] = useState(false);
  const [revoking, setRevoking] = useState<Voucher | null>(null);
  const reload = () => queries.invalidateQueries({ queryKey: ['vouchers'] });
  const items = vouchers.data?.pages.flatMap((page) => page.items) ?? [];
  const create = <Button onClick={() => setCreating(true)}>{t('voucher.create')}</Button>;
  return (
    <>
      <SubNav section="files" />
      <PageHeader title={t('voucher.title')} note={t('voucher.body')}>
        {create}
      </PageHeader>
      <section className="panel" aria-label={t('voucher.listLabel')} aria-busy={vouchers.isPending}>
        {vouchers.isPending ? (
          <Stack p={16} aria-hidden>
            <Skeleton height={44} />
            <Skeleton height={44} />
          </Stack>
        ) : vouchers.isError && items.length === 0 ? (
          <Failure error={vouchers.error} retry={() => void vouchers.refetch()} />
        ) : items.length === 0 ? (
          <Blank
            icon={<IconInbox size={40} stroke={1.25} aria-hidden />}
            title={t('voucher.emptyTitle')}
            body={t('voucher.emptyBody')}
            action={
              <Button variant="default" onClick={() => setCreating(true)}>
                {t('voucher.create')}
              </Button>
            }
          />
        ) : (
          <>
            <ul className={classes.list}>
              {items.map((voucher) => (
                <VoucherRow key={voucher.id} voucher={voucher} onRevoke={() => setRevoking(voucher)} />
              ))}
            </ul>
            <ListEnd
              more={vouchers.hasNextPage}
              loading={vouchers.isFetchingNextPage}
              load={() => void vouchers.fetchNextPage()}
            />
          </>
        )}
      </section>
      <Suspense>
        {creating ? <CreateVoucher onClose={() => setCreating(false)} onCreated={() => void reload()} /> : null}
      </Suspense>
      {revoking === null ? null : (
        <Confirm
          title={t('voucher.revokeTitle')}
          body={t('voucher.revokeBody')}
          action={t('voucher.revokeConfirm')}
          onConfirm={async () => {
            await revokeVoucher(revoking.id);
            say(t('voucher.revoked'));
            await reload();
          }}
          onClose={() => setRevoking(null)}
        />
      )}
    </>
  );
}

function VoucherRow({ voucher, onRevoke }: { voucher: Voucher; onRevoke: () => void }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const identity = useIdentity();
  const name = voucher.note || t('voucher.unnamed');
  const facts: [string, string, string?][] = [
    [
      t('voucher.received'),
      t('voucher.filesOf', { number: formats.number(voucher.files), most: formats.number(voucher.max_files) }),
    ],
    [
      t('files.size'),
      voucher.max_bytes === null
        ? formats.bytes(voucher.bytes)
        : t('transfers.progress', { sent: formats.bytes(voucher.bytes), size: formats.bytes(voucher.max_bytes) }),
    ],
    [
      t(voucher.state === 'open' ? 'share.expires' : 'voucher.ended'),
      formats.date(voucher.expires_at),
      formats.dateTime(voucher.expires_at),
    ],
  ];
  return (
    <li className={classes.row} data-voucher={voucher.state}>
      <div className={classes.name}>
        <Text fw={500} size="sm">
          {name}
        </Text>
        <Text size="xs" c="dimmed">
          {t(`voucher.state.${voucher.state}`)}
          {voucher.owner === identity.id ? '' : ` · ${voucher.owner_name}`}
        </Text>
      </div>
      <dl className={classes.facts}>
        {facts.map(([label, value, more]) => (
          <div key={label} title={more}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Tooltip label={t('voucher.revokeConfirm')} openDelay={400}>
        <ActionIcon variant="subtle" color="gray" size={36} aria-label={t('share.revoke', { name })} onClick={onRevoke}>
          <IconTrash size={18} aria-hidden />
        </ActionIcon>
      </Tooltip>
    </li>
  );
}
