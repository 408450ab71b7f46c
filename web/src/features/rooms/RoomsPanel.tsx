import { Skeleton } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { InventoryView, RequestView } from '../../api/rooms';
import { SidePanel } from '../../shell/SidePanel';
import { Blank, Failure } from '../../shell/states';
import { useRoomNames } from './names';
import { NOTHING_OPEN, type Opened } from './opened';
import { RequestDetails } from './RequestDetails';
import { RequestForm } from './RequestForm';
import { RoomDetails } from './RoomDetails';
import { useRequest } from './rooms';

interface RoomsPanelProps {
  opened: Opened;
  semester: string;
  semesters: string[];
  known: RequestView[];
  inventory?: InventoryView;
  onShow: (next: Opened) => void;
}

/** A room, a request, or the form for a new one. */
export function RoomsPanel({ opened, semester, semesters, known, inventory, onShow }: RoomsPanelProps) {
  const { t } = useTranslation();
  const names = useRoomNames();
  const request = useRequest(opened.request);
  const room = inventory?.rooms.find((one) => one.name === opened.room);
  const [id, title, origin] =
    opened.request !== undefined
      ? ([
          opened.request,
          request.data ? names.program(request.data.program) : t('rooms.request'),
          '[data-request',
        ] as const)
      : opened.room !== undefined
        ? ([opened.room, opened.room, '[data-room'] as const)
        : (['ask', t('rooms.askTitle'), '[data-ask'] as const);
  return (
    <SidePanel
      id={id}
      label={t('rooms.details')}
      title={title}
      closeLabel={t('rooms.closeDetails')}
      origin={`${origin}="${CSS.escape(id)}"]`}
      onClose={() => onShow(NOTHING_OPEN)}
    >
      {opened.request !== undefined ? (
        request.isPending ? (
          <Skeleton height={280} />
        ) : request.isError ? (
          <Failure error={request.error} retry={() => void request.refetch()} />
        ) : (
          <RequestDetails key={request.data.id} request={request.data} />
        )
      ) : opened.room === undefined ? (
        <RequestForm
          semester={semester}
          semesters={semesters}
          known={known}
          onMade={(made) => onShow({ ...NOTHING_OPEN, request: made.id })}
        />
      ) : inventory === undefined ? (
        <Skeleton height={280} />
      ) : room === undefined ? (
        <Blank title={t('rooms.noSuchRoom')} body={t('rooms.noSuchRoomBody')} />
      ) : (
        <RoomDetails key={room.name} room={room} semester={inventory.semester} />
      )}
    </SidePanel>
  );
}
