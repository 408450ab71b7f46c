import { Button } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormats } from '../../i18n/format';
import { Bar } from './Bar';
import { mismatch, type Unfinished } from './joining';
import classes from './tray.module.css';
import { RowAction } from './UploadRow';

interface UnfinishedRowProps {
  entry: Unfinished;
  onContinue: (entry: Unfinished, file: File) => void;
  onDiscard: (entry: Unfinished) => void;
}

/** One upload from before this page: the browser needs the file again, the campus has the rest. */
export function UnfinishedRow({ entry, onContinue, onDiscard }: UnfinishedRowProps) {
  const { t } = useTranslation();
  const formats = useFormats();
  const picker = useRef<HTMLInputElement>(null);
  const [refused, setRefused] = useState<'wrongFile' | 'changedFile' | null>(null);
  const name = entry.name ?? t('transfers.unnamed');

  const choose = (file: File | undefined) => {
    if (file === undefined) return;
    const reason = mismatch(entry, file);
    setRefused(reason);
    if (reason === null) onContinue(entry, file);
  };

  return (
    <li className={classes.row} data-upload="unfinished">
      <div className={classes.line}>
        <span className={`${classes.name} ellipsis`} title={name}>
          {name}
        </span>
        <Button
          size="compact-sm"
          variant="light"
          aria-label={`${t('transfers.continue')}: ${name}`}
          onClick={() => picker.current?.click()}
        >
          {t('transfers.continue')}
        </Button>
        <RowAction label={t('transfers.cancel')} name={name} onClick={() => onDiscard(entry)}>
          <IconX size={18} aria-hidden />
        </RowAction>
        <input
          ref={picker}
          type="file"
          hidden
          onChange={(event) => {
            choose(event.currentTarget.files?.[0]);
            event.currentTarget.value = '';
          }}
        />
      </div>
      <Bar value={entry.offset} size={entry.size} state="paused" label={name} />
      <div className={classes.facts}>
        {refused === null ? (
          <span>
            {t('transfers.needsFile', { sent: formats.bytes(entry.offset), size: formats.bytes(entry.size) })}
          </span>
        ) : (
          <span className={classes.bad} role="alert">
            {t(`transfers.${refused}`, { name, size: formats.bytes(entry.size) })}
          </span>
        )}
      </div>
    </li>
  );
}
