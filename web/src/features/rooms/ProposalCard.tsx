import { Button, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { RequestView } from '../../api/rooms';
import { failureKey, RequestId } from '../../shell/states';
import { say } from '../../shell/toasts';
import { Countdown, useLeft } from './Countdown';
import { useRoomNames } from './names';
import classes from './proposal.module.css';
import { RoomNames } from './RoomNames';
import { answer, tell } from './rooms';

/** A proposal: the rooms that are held, how long they still are, and the two answers. */
export function ProposalCard({ request, heading = 3 }: { request: RequestView; heading?: 2 | 3 }) {
  const { t } = useTranslation();
  const names = useRoomNames();
  const queries = useQueryClient();
  const left = useLeft(request);
  const [busy, setBusy] = useState<'accept' | 'reject' | null>(null);
  const [error, setError] = useState<unknown>(null);
  const Heading = `h${heading}` as const;
  const program = names.program(request.program);

  const reply = async (accept: boolean) => {
    setBusy(accept ? 'accept' : 'reject');
    setError(null);
    try {
      const next = await answer(request.id, accept);
      tell(queries, [next]);
      const done = next.state === (accept ? 'accepted' : 'rejected');
      say(t(done ? (accept ? 'rooms.accepted' : 'rooms.rejected') : 'rooms.answeredLate', { program }), !done);
      await queries.invalidateQueries({ queryKey: ['rooms', 'proposals'] });
    } catch (cause) {
      setError(cause);
    }
    setBusy(null);
  };
  return (
    <article className={classes.card} data-proposal={request.id} aria-label={program}>
      <div className={classes.cardHead}>
        <div>
          <Heading style={{ margin: 0, fontSize: 'inherit' }} className={classes.who}>
            {program}
          </Heading>
          <span className={classes.meta}>
            {names.faculty(request.faculty)} · {request.semester}
          </span>
        </div>
        <Countdown request={request} left={left} />
      </div>
      <RoomNames rooms={request.rooms} />
      {left === 0 ? (
        <Text size="sm" role="status">
          {t('rooms.tooLate')}
        </Text>
      ) : (
        <div className={classes.buttons}>
          <Button loading={busy === 'accept'} disabled={busy === 'reject'} onClick={() => void reply(true)}>
            {t('rooms.accept')}
          </Button>
          <Button
            variant="default"
            loading={busy === 'reject'}
            disabled={busy === 'accept'}
            title={t('rooms.rejectHint')}
            onClick={() => void reply(false)}
          >
            {t('rooms.reject')}
          </Button>
        </div>
      )}
      {error === null ? null : (
        <Text size="sm" c="var(--bedel-bad)" role="alert" component="div">
          {t(failureKey(error))} <RequestId error={error} />
        </Text>
      )}
    </article>
  );
}
