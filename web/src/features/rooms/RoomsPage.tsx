import { Button, NativeSelect, Skeleton } from '@mantine/core';
import { IconDoor, IconSearchOff } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormats } from '../../i18n/format';
import { SubNav } from '../../shell/SubNav';
import type { RoomsSearch } from '../../shell/searches';
import panelClasses from '../../shell/sidepanel.module.css';
import { Blank, Failure, PageHeader } from '../../shell/states';
import { usePageTitle } from '../../shell/usePageTitle';
import { useIdentity } from '../session/browser';
import gridClasses from './grid.module.css';
import { roomsThat } from './inventory';
import { Faculties, Legend } from './Legend';
import { NOTHING_OPEN } from './opened';
import { RoomFilters } from './RoomFilters';
import { RoomGrid } from './RoomGrid';
import { mayAsk, useInventory, useRoomsNews } from './rooms';
import { useSemesters } from './useSemesters';

const RoomsPanel = lazy(() => import('./RoomsPanel').then((module) => ({ default: module.RoomsPanel })));

const NO_FILTERS: Partial<RoomsSearch> = {
  building: undefined,
  seats: undefined,
  equipment: undefined,
  use: undefined,
  shape: undefined,
  faculty: undefined,
};

/** "Salones": who has which room in a semester. */
export function RoomsPage() {
  const { t } = useTranslation();
  usePageTitle(t('nav.rooms'));
  const formats = useFormats();
  const identity = useIdentity();
  const search = useSearch({ from: '/campus/rooms' });
  const navigate = useNavigate({ from: '/rooms' });
  const show = (next: Partial<RoomsSearch>) =>
    void navigate({ to: '/rooms', search: (before) => ({ ...before, ...next }), replace: true, resetScroll: false });
  const { first, semesters, known } = useSemesters();
  const semester = search.semester ?? first;
  const inventory = useInventory(semester);
  const live = useRoomsNews();
  const found = inventory.data;
  const rooms = found?.rooms ?? [];
  const shown = roomsThat(rooms, search);
  const open = search.room !== undefined || search.request !== undefined || search.ask === true;
  return (
    <div className={panelClasses.page} data-open={open}>
      <div style={{ minWidth: 0 }}>
        <SubNav section="rooms" />
        <PageHeader
          title={t('nav.rooms')}
          note={
            found === undefined ? (
              inventory.isPending ? (
                <Skeleton height={16} width={280} mt={2} mb={2} />
              ) : null
            ) : (
              <span role="status" className="tabular">
                {t('rooms.summary', {
                  classrooms: formats.number(found.free_classrooms),
                  labs: formats.number(found.free_labs),
                  waiting: formats.number(found.waiting),
                })}{' '}
                · {t(live ? 'system.live' : 'system.polling')}
                {inventory.isError ? ` · ${t('failure.stale', { time: formats.time(inventory.dataUpdatedAt) })}` : ''}
              </span>
            )
          }
        >
          <NativeSelect
            aria-label={t('nav.semester')}
            value={semester ?? ''}
            data={semester === undefined ? [''] : [...new Set([...semesters, semester])].sort().reverse()}
            onChange={(event) => show({ ...NOTHING_OPEN, semester: event.currentTarget.value })}
          />
          {mayAsk(identity.role) ? (
            <Button data-ask="ask" onClick={() => show({ ...NOTHING_OPEN, ask: true })}>
              {t('rooms.ask')}
            </Button>
          ) : null}
        </PageHeader>
        <RoomFilters search={search} rooms={rooms} onChange={show} />
        {found === undefined ? null : (
          <>
            <Faculties rooms={rooms} chosen={search.faculty} onChoose={(faculty) => show({ faculty })} />
            <Legend />
          </>
        )}
        <section className="panel" aria-label={t('rooms.gridLabel')} aria-busy={inventory.isPending}>
          {inventory.isPending ? (
            <GridSkeleton />
          ) : found === undefined ? (
            <Failure error={inventory.error} retry={() => void inventory.refetch()} />
          ) : rooms.length === 0 ? (
            <Blank
              icon={<IconDoor size={40} stroke={1.25} aria-hidden />}
              title={t('rooms.emptyTitle')}
              body={t('rooms.emptyBody')}
            />
          ) : shown.length === 0 ? (
            <Blank
              icon={<IconSearchOff size={40} stroke={1.25} aria-hidden />}
              title={t('rooms.nothingFound')}
              body={t('files.nothingFoundBody')}
              action={
                <Button variant="default" onClick={() => show(NO_FILTERS)}>
                  {t('files.clearFilters')}
                </Button>
              }
            />
          ) : (
            <RoomGrid
              rooms={shown}
              openRoom={search.room}
              openRequest={search.request}
              onOpen={(room) => show({ ...NOTHING_OPEN, room: room === search.room ? undefined : room })}
            />
          )}
        </section>
      </div>
      <Suspense>
        {open && semester !== undefined ? (
          <RoomsPanel
            opened={search}
            semester={semester}
            semesters={semesters}
            known={known}
            inventory={found}
            onShow={show}
          />
        ) : null}
      </Suspense>
    </div>
  );
}

function GridSkeleton() {
  return (
    <div className={gridClasses.skeleton} aria-hidden>
      {[128, 168, 128, 84].map((height, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they never change
        <Skeleton key={index} height={height} radius={8} />
      ))}
    </div>
  );
}
