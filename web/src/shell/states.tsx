import { Button, CopyButton, Group, Stack, Text, Title } from '@mantine/core';
import { IconAlertTriangle, IconCheck, IconCopy, IconRefresh } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError, NoAnswer } from '../api/problem';

/** A page's heading with its actions. */
export function PageHeader({ title, note, children }: { title: string; note?: ReactNode; children?: ReactNode }) {
  return (
    <Group justify="space-between" align="flex-start" mb={24} gap={12}>
      <div>
        <Title order={1}>{title}</Title>
        {note ? (
          <Text c="dimmed" size="sm" mt={4} component="div">
            {note}
          </Text>
        ) : null}
      </div>
      {children ? <Group gap={8}>{children}</Group> : null}
    </Group>
  );
}

/** Nothing is here: what would be, and the first thing to do. */
export function Blank(props: { title: string; body: string; icon?: ReactNode; action?: ReactNode; heading?: 1 | 2 }) {
  return (
    <Stack align="center" gap={8} py={64} px={16} ta="center">
      {props.icon ? <div style={{ color: 'var(--mantine-color-dimmed)', lineHeight: 0 }}>{props.icon}</div> : null}
      <Title order={props.heading ?? 2} size="h2">
        {props.title}
      </Title>
      <Text c="dimmed" maw={460}>
        {props.body}
      </Text>
      {props.action ? <div style={{ marginTop: 12 }}>{props.action}</div> : null}
    </Stack>
  );
}

/** The key of the sentence that tells a person what happened and what is safe. */
export function failureKey(error: unknown) {
  if (error instanceof NoAnswer) return 'failure.noAnswer' as const;
  if (!(error instanceof ApiError)) return 'failure.unexpected' as const;
  if (error.status === 403) return 'failure.forbidden' as const;
  if (error.status === 404) return 'failure.gone' as const;
  if (error.status === 429) return 'failure.busy' as const;
  if (error.status === 507) return 'failure.noSpace' as const;
  return error.passing ? ('failure.unavailable' as const) : ('failure.unexpected' as const);
}

export function RequestId({ error }: { error: unknown }) {
  const { t } = useTranslation();
  const id = error instanceof ApiError ? error.requestId : null;
  if (id === null) return null;
  return (
    <CopyButton value={id}>
      {({ copied, copy }) => (
        <Button
          variant="subtle"
          color="gray"
          size="compact-sm"
          fw={400}
          onClick={copy}
          title={t('failure.copyRequestId')}
          leftSection={copied ? <IconCheck size={14} aria-hidden /> : <IconCopy size={14} aria-hidden />}
        >
          {copied ? t('common.copied') : t('failure.requestId', { id: id.length > 20 ? `${id.slice(0, 20)}…` : id })}
        </Button>
      )}
    </CopyButton>
  );
}

/** Something could not be loaded: what happened, what is safe, what to do. */
export function Failure({ error, retry, compact }: { error: unknown; retry?: () => void; compact?: boolean }) {
  const { t } = useTranslation();
  return (
    <Stack align="center" gap={8} py={compact ? 24 : 56} px={16} ta="center" role="alert">
      <IconAlertTriangle size={compact ? 24 : 32} stroke={1.5} color="var(--bedel-warn)" aria-hidden />
      <Text fw={600}>{t('failure.title')}</Text>
      <Text c="dimmed" maw={460} size={compact ? 'sm' : undefined}>
        {t(failureKey(error))}
      </Text>
      <Group gap={8} mt={8} justify="center">
        {retry ? (
          <Button variant="default" size="sm" onClick={retry} leftSection={<IconRefresh size={16} aria-hidden />}>
            {t('common.retry')}
          </Button>
        ) : null}
        <RequestId error={error} />
      </Group>
    </Stack>
  );
}
