import { ActionIcon, Button, Code, Skeleton, Stack, Text, Tooltip } from '@mantine/core';
import { IconKey, IconTrash } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { request } from '../../api/client';
import type { ApiToken, Page } from '../../api/types';
import { useFormats } from '../../i18n/format';
import { Confirm } from '../../shell/Confirm';
import { Blank, Failure, PageHeader } from '../../shell/states';
import { say } from '../../shell/toasts';
import { usePageTitle } from '../../shell/usePageTitle';
import classes from './tokens.module.css';

const CreateToken = lazy(() => import('./CreateToken').then((module) => ({ default: module.CreateToken })));

export function TokensPage() {
  const { t } = useTranslation();
  usePageTitle(t('tokens.title'));
  const queries = useQueryClient();
  const tokens = useQuery({
    queryKey: ['tokens'],
    queryFn: ({ signal }) => request<Page<ApiToken>>('/tokens', { query: { limit: 200 }, signal }),
  });
  const [creating, setCreating] = useState(false);
  const [revoking, setRevoking] = useState<ApiToken | null>(null);
  const reload = () => queries.invalidateQueries({ queryKey: ['tokens'] });
  const items = tokens.data?.items ?? [];
  return (
    <>
      <PageHeader title={t('tokens.title')} note={t('tokens.body')}>
        <Button onClick={() => setCreating(true)}>{t('tokens.create')}</Button>
      </PageHeader>
      <section className="panel" aria-busy={tokens.isPending}>
        {tokens.isPending ? (
          <Stack p={16} aria-hidden>
            <Skeleton height={40} />
            <Skeleton height={40} />
          </Stack>
        ) : tokens.isError && tokens.data === undefined ? (
          <Failure error={tokens.error} retry={() => void tokens.refetch()} />
        ) : items.length === 0 ? (
          <Blank
            icon={<IconKey size={40} stroke={1.25} aria-hidden />}
            title={t('tokens.emptyTitle')}
            body={t('tokens.emptyBody')}
          />
        ) : (
          <ul className={classes.list}>
            {items.map((token) => (
              <TokenRow key={token.id} token={token} onRevoke={() => setRevoking(token)} />
            ))}
          </ul>
        )}
      </section>
      <Suspense>
        {creating ? <CreateToken onClose={() => setCreating(false)} onCreated={() => void reload()} /> : null}
      </Suspense>
      {revoking === null ? null : (
        <Confirm
          title={t('tokens.revokeTitle', { name: revoking.name })}
          body={t('tokens.revokeBody')}
          action={t('tokens.revokeConfirm')}
          onConfirm={async () => {
            await request(`/tokens/${encodeURIComponent(revoking.id)}`, { method: 'DELETE' });
            say(t('tokens.revoked', { name: revoking.name }));
            await reload();
          }}
          onClose={() => setRevoking(null)}
        />
      )}
    </>
  );
}

function TokenRow({ token, onRevoke }: { token: ApiToken; onRevoke: () => void }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const facts: [string, string][] = [
    [t('tokens.scopes'), token.scopes.join(', ')],
    [t('tokens.created'), formats.date(token.created_at)],
    [t('tokens.lastUsed'), token.last_used_at ? formats.date(token.last_used_at) : t('tokens.unused')],
    [t('tokens.expires'), formats.date(token.expires_at)],
  ];
  return (
    <li className={classes.row}>
      <div className={classes.name}>
        <Text fw={500} size="sm">
          {token.name}
        </Text>
        <Code>{token.hint}</Code>
      </div>
      <dl className={classes.facts}>
        {facts.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Tooltip label={t('tokens.revokeConfirm')} openDelay={400}>
        <ActionIcon
          variant="subtle"
          color="gray"
          size={36}
          aria-label={t('tokens.revoke', { name: token.name })}
          onClick={onRevoke}
        >
          <IconTrash size={18} aria-hidden />
        </ActionIcon>
      </Tooltip>
    </li>
  );
}
