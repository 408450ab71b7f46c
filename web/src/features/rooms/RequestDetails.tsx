import { Button, Stack, Text } from '@mantine/core';
import { IconArrowBackUp } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { RequestView } from '../../api/rooms';
import { useFormats } from '../../i18n/format';
import { Confirm } from '../../shell/Confirm';
import { say } from '../../shell/toasts';
import { useIdentity } from '../session/browser';
import { freeFor } from './inventory';
import { StateMark } from './Marks';
import { useRoomNames } from './names';
import { ProposalCard } from './ProposalCard';
import { answerable } from './proposals';
import { RoomNames } from './RoomNames';
import { answer, campusNow, mayAsk, release, tell, useInventory } from './rooms';
import classes from './rooms.module.css';

/** One request: what was asked, what happened and why, and what can still be done about it. */
export function RequestDetails({ request }: { request: RequestView }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const names = useRoomNames();
  const identity = useIdentity();
  const may = mayAsk(identity.role);
  const open = may && answerable([request], campusNow()).length > 0;
  const wishes = [
    `${t('rooms.shapes.classroom')}: ${formats.number(request.classrooms)}`,
    `${t('rooms.shapes.lab')}: ${formats.number(request.labs)}`,
    ...(request.minimum_capacity > 0
      ? [t('rooms.seatsAtLeast', { number: formats.number(request.minimum_capacity) })]
      : []),
    ...request.equipment.map((one) => t(`rooms.has.${one}`)),
  ];
  const taken = request.state === 'accepted' || request.state === 'released' || request.state === 'proposed';
  return (
    <Stack gap={16} data-request-details={request.state}>
      <div className={classes.detailsHead}>
        <StateMark state={request.state} />
        <Text size="sm" c="dimmed">
          {names.faculty(request.faculty)} · {request.semester}
        </Text>
      </div>
      {open ? (
        <div className={classes.inset}>
          <ProposalCard request={request} />
        </div>
      ) : null}
      <ol className={classes.story}>
        <li>
          <time dateTime={request.asked_at} title={formats.dateTime(request.asked_at)}>
            {formats.time(Date.parse(request.asked_at))}
          </time>
          <div>
            {t('rooms.asked')}
            <ul>
              {wishes.map((wish) => (
                <li key={wish}>{wish}</li>
              ))}
            </ul>
          </div>
        </li>
        <li>
          <time dateTime={request.changed_at} title={formats.dateTime(request.changed_at)}>
            {formats.time(Date.parse(request.changed_at))}
          </time>
          <div>
            {t(`rooms.happened.${request.state}`)}
            {request.state === 'denied' || request.state === 'waiting' ? <Shortage request={request} /> : null}
            {request.detail === null ? null : (
              <Text size="xs" c="dimmed" mt={4} lang="en">
                {request.detail}
              </Text>
            )}
          </div>
        </li>
      </ol>
      {!open && taken ? <RoomNames rooms={request.rooms} /> : null}
      {may ? <Actions request={request} /> : null}
      <dl className={classes.facts}>
        <dt>{t('rooms.name')}</dt>
        <dd>{request.request_id}</dd>
        <dt>{t('rooms.transaction')}</dt>
        <dd>{request.id}</dd>
        <dt>{t('rooms.epoch')}</dt>
        <dd>{formats.number(request.epoch)}</dd>
      </dl>
    </Stack>
  );
}

/** Why there were too few: how many rooms could be had now. */
function Shortage({ request }: { request: RequestView }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const inventory = useInventory(request.semester, false);
  if (inventory.data === undefined || inventory.data.semester !== request.semester) return null;
  const free = freeFor(inventory.data, request);
  return (
    <p className={classes.why} data-shortage>
      {t(request.minimum_capacity > 0 || request.equipment.length > 0 ? 'rooms.shortageFit' : 'rooms.shortage', {
        classrooms: formats.number(free.classrooms),
        labs: formats.number(free.labs),
        semester: request.semester,
      })}
    </p>
  );
}

/** Giving back what is assigned, or leaving the waiting list. */
function Actions({ request }: { request: RequestView }) {
  const { t } = useTranslation();
  const names = useRoomNames();
  const queries = useQueryClient();
  const [asking, setAsking] = useState(false);
  if (request.state !== 'accepted' && request.state !== 'waiting') return null;
  const what = request.state === 'accepted' ? 'release' : 'leave';
  const { classrooms, labs, mobile_labs } = request.rooms;
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconArrowBackUp size={18} aria-hidden />}
        onClick={() => setAsking(true)}
        style={{ alignSelf: 'flex-start' }}
      >
        {t(`rooms.${what}`)}
      </Button>
      {asking ? (
        <Confirm
          title={t(`rooms.${what}Title`, { program: names.program(request.program) })}
          body={t(`rooms.${what}Body`, { number: classrooms.length + labs.length + mobile_labs.length })}
          action={t(`rooms.${what}Confirm`)}
          onConfirm={async () => {
            const next = what === 'release' ? await release(request.id) : await answer(request.id, false);
            tell(queries, [next]);
            say(t(`rooms.${what}Done`));
            for (const part of ['inventory', 'requests']) {
              void queries.invalidateQueries({ queryKey: ['rooms', part] });
            }
          }}
          onClose={() => setAsking(false)}
        />
      ) : null}
    </>
  );
}
