import { Alert, Skeleton, Stack, Text, Title } from '@mantine/core';
import { IconLinkOff } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Receipt } from '../../api/types';
import { useFormats } from '../../i18n/format';
import { Blank, Failure } from '../../shell/states';
import { usePageTitle } from '../../shell/usePageTitle';
import { Doorway } from '../session/Doorway';
import { linkEnd } from '../shares/shares';
import { GuestReceipt } from './GuestReceipt';
import { GuestUploads } from './GuestUploads';
import { useReceipt } from './vouchers';
import classes from './vouchers.module.css';

/** What somebody without an account sees who was asked for files. */
export function GuestPage() {
  const { t } = useTranslation();
  const { token } = useParams({ from: '/v/$token' });
  usePageTitle(t('guest.title'));
  const receipt = useReceipt(token);
  return (
    <Doorway wide>
      {receipt.isPending ? (
        <Stack gap={16} aria-busy>
          <Title order={1}>{t('guest.title')}</Title>
          <Skeleton height={64} />
          <Skeleton height={140} />
        </Stack>
      ) : receipt.data !== undefined ? (
        <Asked token={token} receipt={receipt.data} />
      ) : linkEnd(receipt.error) !== null ? (
        <Blank
          heading={1}
          icon={<IconLinkOff size={40} stroke={1.25} aria-hidden />}
          title={t('guest.unknown')}
          body={t('guest.unknownBody')}
        />
      ) : (
        <>
          <Title order={1}>{t('guest.title')}</Title>
          <Failure error={receipt.error} retry={() => void receipt.refetch()} />
        </>
      )}
    </Doorway>
  );
}

function Asked({ token, receipt }: { token: string; receipt: Receipt }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const queries = useQueryClient();
  const open = receipt.state === 'open';
  const full = receipt.files_left === 0 || receipt.bytes_left === 0;
  return (
    <Stack gap={20}>
      <div>
        <Title order={1}>{t('guest.heading', { name: receipt.from })}</Title>
        <Text c="dimmed" size="sm" mt={4}>
          {t('guest.body')}
        </Text>
      </div>
      {receipt.note ? <blockquote className={classes.note}>{receipt.note}</blockquote> : null}
      {open ? (
        <ul className={classes.limits} aria-label={t('guest.limits')}>
          <li title={formats.dateTime(receipt.expires_at)}>
            {t('share.until', { date: formats.date(receipt.expires_at) })}
          </li>
          <li>{t('guest.filesLeft', { number: formats.number(receipt.files_left) })}</li>
          {receipt.bytes_left === null ? null : (
            <li>{t('guest.bytesLeft', { size: formats.bytes(receipt.bytes_left) })}</li>
          )}
        </ul>
      ) : null}
      {open && !full ? null : (
        <Alert color={open ? 'blue' : 'orange'} variant="light" role="status">
          {receipt.state === 'open' ? t('guest.full') : t(`guest.${receipt.state}`, { name: receipt.from })}
        </Alert>
      )}
      <GuestUploads
        token={token}
        receipt={receipt}
        takes={open && !full}
        onChange={() => void queries.invalidateQueries({ queryKey: ['receipt', token] })}
      />
      <GuestReceipt receipt={receipt} />
    </Stack>
  );
}
