import { Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { SharedFile } from '../../api/types';
import classes from '../files/files.module.css';
import { previewOf } from '../files/queries';

/** A shared picture, sound or film, by the address that was opened. */
export function SharedPreview({ file, url }: { file: SharedFile; url: string }) {
  const { t } = useTranslation();
  const [broken, setBroken] = useState(false);
  const kind = previewOf(file.type);
  const label = file.title || file.name;
  if (kind === null || kind === 'text') return null;
  if (broken) return <Text size="sm">{t('files.previewFailed')}</Text>;
  const failed = () => setBroken(true);
  if (kind === 'image') return <img className={classes.picture} src={url} alt={label} onError={failed} />;
  const media = {
    className: classes.player,
    controls: true,
    preload: 'metadata' as const,
    src: url,
    'aria-label': label,
    onError: failed,
  };
  return kind === 'video' ? <video {...media} playsInline /> : <audio {...media} />;
}
