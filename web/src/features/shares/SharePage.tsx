import { Alert, Button, PasswordInput, Skeleton, Stack, Text, Title } from '@mantine/core';
import { IconDownload, IconLinkOff } from '@tabler/icons-react';
import { useParams } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../../api/problem';
import type { OpenedShare, SharedFile } from '../../api/types';
import { useFormats } from '../../i18n/format';
import { Blank, Failure, failureKey, RequestId } from '../../shell/states';
import { usePageTitle } from '../../shell/usePageTitle';
import { FileIcon } from '../files/FileIcon';
import { Doorway } from '../session/Doorway';
import { SharedPreview } from './SharedPreview';
import { linkEnd, openShare, useSharedFile } from './shares';
import classes from './shares.module.css';

/** What somebody without an account sees who was sent a link. */
export function SharePage() {
  const { t } = useTranslation();
  const { token } = useParams({ from: '/s/$token' });
  const shared = useSharedFile(token);
  usePageTitle(shared.data ? shared.data.title || shared.data.name : t('share.pageTitle'));
  const end = linkEnd(shared.error);
  return (
    <Doorway wide>
      {shared.isPending ? (
        <Stack gap={16} aria-busy>
          <Title order={1}>{t('share.pageTitle')}</Title>
          <Skeleton height={44} />
          <Skeleton height={120} />
        </Stack>
      ) : shared.data !== undefined ? (
        <Opening token={token} file={shared.data} />
      ) : end !== null ? (
        <Blank
          heading={1}
          icon={<IconLinkOff size={40} stroke={1.25} aria-hidden />}
          title={t(`share.end.${end}`)}
          body={t(`share.ask.${end}`)}
        />
      ) : (
        <>
          <Title order={1}>{t('share.pageTitle')}</Title>
          <Failure error={shared.error} retry={() => void shared.refetch()} />
        </>
      )}
    </Doorway>
  );
}

function save(url: string, name: string): void {
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
}

function Opening({ token, file }: { token: string; file: SharedFile }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const [password, setPassword] = useState('');
  const [opened, setOpened] = useState<OpenedShare | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const wrong = error instanceof ApiError && error.status === 403;
  const end = linkEnd(error);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    // An address that is still good is used again: pressing twice counts one download.
    if (opened !== null && Date.parse(opened.expires_at) - 5_000 > Date.now()) {
      save(opened.url, file.name);
      return;
    }
    setBusy(true);
    setError(null);
    try {
      const next = await openShare(token, file.has_password ? password : null);
      setOpened(next);
      save(next.url, file.name);
    } catch (cause) {
      setError(cause);
    } finally {
      setBusy(false);
    }
  };
  const message = (() => {
    if (error === null || wrong) return null;
    if (end !== null) return `${t(`share.end.${end}`)} ${t(`share.ask.${end}`)}`;
    if (error instanceof ApiError && error.status === 429) {
      return t('session.tooMany', { time: formats.duration(error.retryAfter ?? 60_000) });
    }
    return t(failureKey(error));
  })();
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap={20}>
        <div className={classes.shared}>
          <FileIcon type={file.type} />
          <div>
            <Title order={1} className={classes.title}>
              {file.title || file.name}
            </Title>
            <Text c="dimmed" size="sm" mt={4}>
              {formats.bytes(file.size)} · {file.type}
            </Text>
          </div>
        </div>
        {file.description ? <Text size="sm">{file.description}</Text> : null}
        {opened === null ? null : <SharedPreview file={file} url={opened.url} />}
        {file.has_password && opened === null ? (
          <PasswordInput
            label={t('session.password')}
            description={t('share.needsPassword')}
            size="md"
            autoComplete="off"
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            error={wrong ? t('share.wrongPassword') : undefined}
            visibilityToggleButtonProps={{ tabIndex: 0, 'aria-label': t('session.showPassword') }}
          />
        ) : null}
        {message === null ? null : (
          <Alert color="red" variant="light" role="alert">
            {message} {end === null ? <RequestId error={error} /> : null}
          </Alert>
        )}
        <Button
          type="submit"
          size="md"
          fullWidth
          loading={busy}
          disabled={file.has_password && password === '' && opened === null}
          leftSection={<IconDownload size={18} aria-hidden />}
        >
          {t('files.download')}
        </Button>
        <Text size="sm" role="status" className={classes.status}>
          {opened === null ? null : t('share.started')}
        </Text>
        <dl className={classes.details}>
          <dt>{t('files.fileName')}</dt>
          <dd>{file.name}</dd>
          <dt>{t('files.digest')}</dt>
          <dd className={file.sha256 === null ? undefined : classes.digest}>{file.sha256 ?? t('files.hashing')}</dd>
          {file.expires_at === null ? null : (
            <>
              <dt>{t('share.expires')}</dt>
              <dd>{formats.dateTime(file.expires_at)}</dd>
            </>
          )}
          {file.downloads_left === null ? null : (
            <>
              <dt>{t('share.left')}</dt>
              <dd>{formats.number(Math.max(0, file.downloads_left - (opened === null ? 0 : 1)))}</dd>
            </>
          )}
        </dl>
      </Stack>
    </form>
  );
}
