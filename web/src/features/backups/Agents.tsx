import { Button, Skeleton, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Agent } from '../../api/backups';
import { useFormats } from '../../i18n/format';
import { Confirm } from '../../shell/Confirm';
import { Failure } from '../../shell/states';
import { say } from '../../shell/toasts';
import { revokeAgent, useAgents } from './backups';
import classes from './nodes.module.css';

/** Who was enrolled, and may be called until revoked. */
export function Agents() {
  const { t } = useTranslation();
  const formats = useFormats();
  const agents = useAgents();
  const [revoking, setRevoking] = useState<Agent | null>(null);
  const all = agents.data ?? [];
  const nameOf = (agent: Agent) => agent.nodes.join(', ') || t('backups.unmet');
  return (
    <section className={`panel ${classes.agents}`} aria-labelledby="agents-heading" aria-busy={agents.isPending}>
      <Title order={2} id="agents-heading" className={classes.head}>
        {t('backups.agents')}
      </Title>
      {agents.isPending ? (
        <div className={classes.head} aria-hidden>
          <Skeleton height={40} />
        </div>
      ) : agents.data === undefined ? (
        <Failure compact error={agents.error} retry={() => void agents.refetch()} />
      ) : all.length === 0 ? (
        <Text size="sm" c="dimmed" className={classes.head}>
          {t('backups.noAgents')}
        </Text>
      ) : (
        <ul className={classes.list}>
          {all.map((agent) => (
            <li key={agent.id} data-agent={agent.id} data-revoked={agent.revoked_at !== null}>
              <div>
                <Text size="sm" fw={500} className={classes.name}>
                  {nameOf(agent)}
                </Text>
                <Text size="xs" c="dimmed">
                  {agent.id}
                </Text>
              </div>
              <Text size="sm" c="dimmed" component="div">
                <div title={formats.dateTime(agent.enrolled_at)}>
                  {t('backups.enrolledAt', { date: formats.date(agent.enrolled_at) })}
                </div>
                {agent.revoked_at !== null ? (
                  <div className={classes.bad} title={formats.dateTime(agent.revoked_at)}>
                    {t('backups.revokedAt', { date: formats.date(agent.revoked_at) })}
                  </div>
                ) : agent.expires_at === null ? null : (
                  <div title={formats.dateTime(agent.expires_at)}>
                    {t('backups.expiresAt', { date: formats.date(agent.expires_at) })}
                  </div>
                )}
              </Text>
              {agent.revoked_at !== null ? (
                <span />
              ) : (
                <Button
                  variant="subtle"
                  size="xs"
                  color="gray"
                  c="var(--bedel-bad)"
                  aria-label={`${t('backups.revoke')}: ${nameOf(agent)}`}
                  onClick={() => setRevoking(agent)}
                >
                  {t('backups.revoke')}
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
      {revoking === null ? null : (
        <Confirm
          title={t('backups.revokeTitle', { name: nameOf(revoking) })}
          body={t('backups.revokeBody')}
          action={t('backups.revoke')}
          onConfirm={async () => {
            await revokeAgent(revoking.id);
            say(t('backups.revoked', { name: nameOf(revoking) }));
            await agents.refetch();
          }}
          onClose={() => setRevoking(null)}
        />
      )}
    </section>
  );
}
