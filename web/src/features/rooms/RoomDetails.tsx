import { Skeleton, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { RoomView } from '../../api/rooms';
import { useFormats } from '../../i18n/format';
import { Failure } from '../../shell/states';
import { useIdentity } from '../session/browser';
import { shapeOf, standingOf } from './inventory';
import { useRoomNames } from './names';
import { RequestDetails } from './RequestDetails';
import { useRequest } from './rooms';
import classes from './rooms.module.css';

/** One room: what it is, who has it and since when. */
export function RoomDetails({ room, semester }: { room: RoomView; semester: string }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const names = useRoomNames();
  const { holder } = room;
  return (
    <Stack gap={16} data-room-details={standingOf(room)}>
      <dl className={classes.facts}>
        <dt>{t('rooms.kind')}</dt>
        <dd>{t(`rooms.shapeOne.${shapeOf(room)}`)}</dd>
        <dt>{t('rooms.building')}</dt>
        <dd>{room.building}</dd>
        <dt>{t('rooms.seats')}</dt>
        <dd>{formats.number(room.capacity)}</dd>
        <dt>{t('rooms.equipment')}</dt>
        <dd>
          {room.equipment.length === 0
            ? t('common.none')
            : room.equipment.map((one) => t(`rooms.has.${one}`)).join(', ')}
        </dd>
        <dt>{semester}</dt>
        <dd>{t(`rooms.useOne.${standingOf(room)}`)}</dd>
        {holder === null ? null : (
          <>
            <dt>{t('rooms.holder')}</dt>
            <dd>
              {names.program(holder.program)}
              <Text size="xs" c="dimmed">
                {names.faculty(holder.faculty)}
              </Text>
            </dd>
          </>
        )}
      </dl>
      {holder === null ? (
        <Text size="sm" c="dimmed">
          {t('rooms.freeBody')}
        </Text>
      ) : (
        <Held id={holder.request} />
      )}
    </Stack>
  );
}

/** The request by which a room is held, for those who may read requests. */
function Held({ id }: { id: string }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const { role } = useIdentity();
  const request = useRequest(role === 'student' ? undefined : id);
  if (role === 'student') return null;
  if (request.isPending) return <Skeleton height={160} />;
  if (request.isError) return <Failure compact error={request.error} retry={() => void request.refetch()} />;
  return (
    <section className={classes.section} aria-labelledby="held-heading">
      <h3 id="held-heading">{t('rooms.heldSince', { date: formats.date(request.data.changed_at) })}</h3>
      <RequestDetails request={request.data} />
    </section>
  );
}
