import { Skeleton, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { respond } from '../../api/client';
import type { CampusFile } from '../../api/types';
import { useFormats } from '../../i18n/format';
import classes from './files.module.css';
import { previewOf, signedAddress, titleOf, viewOf } from './queries';

/** How much of a text is shown. */
const TEXT_LIMIT = 64 * 1024;

function TextPreview({ file }: { file: CampusFile }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const text = useQuery({
    queryKey: ['files', 'text', file.id],
    queryFn: async ({ signal }) => {
      if (file.size === 0) return '';
      const response = await respond(`/files/${encodeURIComponent(file.id)}/content`, {
        headers: { range: `bytes=0-${TEXT_LIMIT - 1}` },
        signal,
      });
      return (await response.text()).slice(0, TEXT_LIMIT);
    },
  });
  if (text.isPending) return <Skeleton height={160} />;
  if (text.isError) return <Text size="sm">{t('files.previewFailed')}</Text>;
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <pre className={classes.text} tabIndex={0} role="document" aria-label={titleOf(file)}>
        {text.data}
      </pre>
      {file.size > TEXT_LIMIT ? (
        <Text size="xs" c="dimmed" mt={4}>
          {t('files.truncated', { size: formats.bytes(TEXT_LIMIT) })}
        </Text>
      ) : null}
    </>
  );
}

function MediaPreview({ file, kind }: { file: CampusFile; kind: 'video' | 'audio' | 'image' }) {
  const { t } = useTranslation();
  const [renewals, setRenewals] = useState(0);
  const position = useRef(0);
  const address = useQuery({
    queryKey: ['files', 'address', file.id, renewals],
    queryFn: () => signedAddress(file.id),
    staleTime: 8 * 60_000,
    gcTime: 0,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
    placeholderData: (before) => before,
  });
  if (address.isPending) return <Skeleton height={kind === 'audio' ? 54 : 200} />;
  if (address.isError || renewals > 3) return <Text size="sm">{t('files.previewFailed')}</Text>;
  // The address expires, and the replica that serves it may die: ask for another and go on from the same place.
  const renew = () => setRenewals((count) => count + 1);
  if (kind === 'image')
    return <img className={classes.picture} src={address.data} alt={titleOf(file)} onError={renew} />;
  const media = {
    className: classes.player,
    controls: true,
    preload: 'metadata' as const,
    src: viewOf(address.data, 'stream'),
    'aria-label': titleOf(file),
    onTimeUpdate: (event: { currentTarget: HTMLMediaElement }) => {
      if (event.currentTarget.currentTime > 0) position.current = event.currentTarget.currentTime;
    },
    onLoadedMetadata: (event: { currentTarget: HTMLMediaElement }) => {
      if (position.current > 0) event.currentTarget.currentTime = position.current;
    },
    onError: renew,
  };
  return kind === 'video' ? <video {...media} playsInline /> : <audio {...media} />;
}

/** The file itself, where a browser can show it. */
export function Preview({ file }: { file: CampusFile }) {
  const { t } = useTranslation();
  const kind = previewOf(file.type);
  if (kind === null) {
    return (
      <Text size="sm" c="dimmed">
        {t('files.noPreview')}
      </Text>
    );
  }
  return kind === 'text' ? <TextPreview file={file} /> : <MediaPreview file={file} kind={kind} />;
}
