import { Button, Text } from '@mantine/core';
import { useNetwork } from '@mantine/hooks';
import { IconUpload } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Receipt } from '../../api/types';
import { useFormats } from '../../i18n/format';
import { Confirm } from '../../shell/Confirm';
import { DropCurtain } from '../../shell/DropCurtain';
import { say } from '../../shell/toasts';
import { useDropAnywhere } from '../../shell/useDropAnywhere';
import type { Unfinished } from '../transfers/joining';
import type { UploadItem } from '../transfers/queue';
import { UnfinishedRow } from '../transfers/UnfinishedRow';
import { UploadRow } from '../transfers/UploadRow';
import { enqueue, useQueue } from '../transfers/uploads';
import { discardGuestUpload, guestId, guestOf, rememberedOf } from './guest';
import { unfinishedOf } from './receipt';
import classes from './vouchers.module.css';

interface GuestUploadsProps {
  token: string;
  receipt: Receipt;
  /** Whether another upload may begin. */
  takes: boolean;
  onChange: () => void;
}

/** Where a guest drops files, and what became of them. */
export function GuestUploads({ token, receipt, takes, onChange }: GuestUploadsProps) {
  const { t } = useTranslation();
  const formats = useFormats();
  const { online } = useNetwork();
  const picker = useRef<HTMLInputElement>(null);
  const { queue, listeners } = guestOf(token);
  const items = useQueue(queue);
  const [cancelling, setCancelling] = useState<UploadItem | null>(null);
  const [discarding, setDiscarding] = useState<Unfinished | null>(null);
  const unfinished = receipt.state === 'revoked' ? [] : unfinishedOf(receipt, rememberedOf(token), items);

  useEffect(() => {
    const ended = (item: UploadItem) => {
      const done = item.state === 'done';
      say(t(done ? 'transfers.announceDone' : 'transfers.announceFailed', { name: item.name }), !done);
      onChange();
    };
    listeners.add(ended);
    return () => {
      listeners.delete(ended);
    };
  }, [listeners, onChange, t]);

  const take = (files: File[]) => {
    if (takes) enqueue(queue, guestId(token), files);
    else if (files.length > 0) say(t('guest.takesNone'), true);
  };
  const dropping = useDropAnywhere(take);
  const confirming = cancelling ?? discarding;
  return (
    <section aria-label={t('transfers.tray')}>
      {online ? null : (
        <Text role="status" size="sm" c="var(--bedel-warn)" mb={12}>
          {t('app.offline')}
        </Text>
      )}
      {takes ? (
        <div className={classes.zone}>
          <span>{t('guest.drop')}</span>
          <Button leftSection={<IconUpload size={18} aria-hidden />} onClick={() => picker.current?.click()}>
            {t('guest.choose')}
          </Button>
        </div>
      ) : null}
      <input
        ref={picker}
        type="file"
        multiple
        hidden
        data-testid="guest-input"
        onChange={(event) => {
          take([...(event.currentTarget.files ?? [])]);
          event.currentTarget.value = '';
        }}
      />
      {items.length + unfinished.length === 0 ? null : (
        <ul className={classes.uploads}>
          {items.map((item) => (
            <UploadRow key={item.key} item={item} queue={queue} onCancel={setCancelling} />
          ))}
          {unfinished.map((entry) => (
            <UnfinishedRow
              key={entry.url}
              entry={entry}
              onContinue={(one, file) =>
                queue.add(file, { url: one.url, storageKey: one.remembered?.storageKey ?? null })
              }
              onDiscard={setDiscarding}
            />
          ))}
        </ul>
      )}
      {confirming === null ? null : (
        <Confirm
          title={t('transfers.cancelTitle', { name: confirming.name ?? t('transfers.unnamed') })}
          body={t('transfers.cancelBody', { size: formats.bytes(cancelling?.sent ?? discarding?.offset ?? 0) })}
          action={t('transfers.cancelConfirm')}
          keep={t('transfers.keep')}
          onConfirm={async () => {
            if (cancelling !== null) await queue.cancel(cancelling.key);
            if (discarding !== null) await discardGuestUpload(token, discarding);
            onChange();
          }}
          onClose={() => {
            setCancelling(null);
            setDiscarding(null);
          }}
        />
      )}
      {dropping ? <DropCurtain /> : null}
    </section>
  );
}
