import { Button, Title } from '@mantine/core';
import { IconReceipt } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Receipt } from '../../api/types';
import { useFormats } from '../../i18n/format';
import { saveText } from '../../shell/saveText';
import { receiptText } from './receipt';
import classes from './vouchers.module.css';

/** What has arrived whole, with its digests: the guest's proof. */
export function GuestReceipt({ receipt }: { receipt: Receipt }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const whole = receipt.items.filter((item) => item.state !== 'open');
  if (whole.length === 0) return null;
  const keep = () => {
    const headings = [t('files.added'), t('files.size'), t('files.digest'), t('files.name')];
    saveText(t('guest.receiptName'), 'text/plain', receiptText(receipt, headings));
  };
  return (
    <section aria-labelledby="receipt-heading">
      <div className={classes.receiptHead}>
        <Title order={2} id="receipt-heading">
          {t('guest.receipt')}
        </Title>
        <Button variant="default" size="xs" leftSection={<IconReceipt size={16} aria-hidden />} onClick={keep}>
          {t('guest.keepReceipt')}
        </Button>
      </div>
      <ul className={classes.receipt}>
        {whole.map((item) => (
          <li key={item.id} data-received={item.state}>
            <strong>{item.name}</strong>
            <span className={classes.meta}>
              {formats.bytes(item.size ?? item.offset)}
              {item.completed_at === null ? '' : ` · ${formats.dateTime(item.completed_at)}`}
              {item.state === 'removed' ? ` · ${t('guest.removed')}` : ''}
            </span>
            <span className={classes.digest}>
              {item.sha256 === null ? t('files.hashing') : `SHA-256 ${item.sha256}`}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
