import { Button, Group, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Backup } from '../../api/backups';
import { useFormats } from '../../i18n/format';
import { failureKey } from '../../shell/states';
import { say } from '../../shell/toasts';
import { rehearse, useAttempt } from './backups';
import { proofState } from './health';
import { OutcomeMark, ProofMark } from './marks';
import { Why } from './Why';

/** Whether this backup was restored and compared file by file, and the button that does it now. */
export function Rehearsal({ backup }: { backup: Backup }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const queries = useQueryClient();
  const [asked, setAsked] = useState<string | null>(null);
  const [asking, setAsking] = useState(false);
  const attempt = useAttempt(asked).data;
  const ended = attempt?.ended_at ?? null;
  useEffect(() => {
    if (ended !== null) void queries.invalidateQueries({ queryKey: ['backups', 'one', backup.id] });
  }, [ended, queries, backup.id]);
  const now = async () => {
    setAsking(true);
    try {
      setAsked((await rehearse(backup.id)).id);
    } catch (error) {
      say(t(failureKey(error)), true);
    }
    setAsking(false);
  };
  const { proof } = backup;
  return (
    <div>
      <h3>{t('backups.proofTitle')}</h3>
      <Group gap={8}>
        <ProofMark proof={proofState(proof)} />
        {proof === null ? null : (
          <Text size="sm" c="dimmed">
            {formats.dateTime(proof.at)}
          </Text>
        )}
      </Group>
      <Text size="sm" c="dimmed" mt={4}>
        {t(`backups.proofMeans.${proofState(proof)}`)}
      </Text>
      {proof?.detail ? (
        <Text size="sm" mt={4} lang="en" style={{ overflowWrap: 'anywhere' }}>
          {proof.detail}
        </Text>
      ) : null}
      {backup.kept ? (
        <Group gap={8} mt={8}>
          <Button
            variant="default"
            size="xs"
            loading={asking || (asked !== null && ended === null)}
            onClick={() => void now()}
          >
            {t('backups.rehearse')}
          </Button>
          <div role="status">
            {attempt === undefined ? null : (
              <Group gap={8} data-rehearsal={attempt.outcome}>
                <OutcomeMark outcome={attempt.outcome} />
                {ended === null && attempt.sent > 0 ? (
                  <Text size="sm" c="dimmed" className="tabular">
                    {formats.bytes(attempt.sent)}
                  </Text>
                ) : null}
                {attempt.outcome === 'skipped' ? <Why attempt={attempt} /> : null}
              </Group>
            )}
          </div>
        </Group>
      ) : null}
    </div>
  );
}
