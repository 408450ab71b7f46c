import { Button, Menu } from '@mantine/core';
import { IconClipboardList, IconDownload, IconSearchOff } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { RequestView, State } from '../../api/rooms';
import { useFormats } from '../../i18n/format';
import { ListEnd } from '../../shell/ListEnd';
import { SubNav } from '../../shell/SubNav';
import type { RoomRequestsSearch } from '../../shell/searches';
import panelClasses from '../../shell/sidepanel.module.css';
import { Blank, Failure, failureKey, PageHeader } from '../../shell/states';
import { say } from '../../shell/toasts';
import { usePageTitle } from '../../shell/usePageTitle';
import { FilterChip } from '../files/FilterChip';
import filterClasses from '../files/filters.module.css';
import { useIdentity } from '../session/browser';
import { facultiesWith, programsOf, useRoomNames } from './names';
import { RequestColumns, RequestRow, RequestSkeletons } from './RequestList';
import {
  downloadCsv,
  downloadJson,
  mayAsk,
  type RequestsFilter,
  useProposals,
  useRequests,
  useRoomsNews,
} from './rooms';
import classes from './rooms.module.css';
import { useSemesters } from './useSemesters';

const Proposals = lazy(() => import('./Proposals').then((module) => ({ default: module.Proposals })));
const RoomsPanel = lazy(() => import('./RoomsPanel').then((module) => ({ default: module.RoomsPanel })));

const STATES: State[] = ['waiting', 'proposed', 'accepted', 'released', 'rejected', 'expired', 'denied'];
/** New requests that are counted. */
const MOST = 200;
const NO_FILTERS: RoomRequestsSearch = {
  semester: undefined,
  faculty: undefined,
  program: undefined,
  state: undefined,
};

function fits(filter: RequestsFilter, request: RequestView): boolean {
  return Object.entries(filter).every(
    ([key, value]) => value === undefined || request[key as keyof RequestsFilter] === value,
  );
}

/** Requests for rooms: what was asked, what became of it and why; asking, answering, exporting. */
export function RequestsPage() {
  const { t } = useTranslation();
  usePageTitle(t('nav.roomRequests'));
  const formats = useFormats();
  const identity = useIdentity();
  const may = mayAsk(identity.role);
  const search = useSearch({ from: '/campus/rooms/requests' });
  const navigate = useNavigate({ from: '/rooms/requests' });
  const show = (next: RoomRequestsSearch) =>
    void navigate({
      to: '/rooms/requests',
      search: (before) => ({ ...before, ...next }),
      replace: true,
      resetScroll: false,
    });
  const { request: opened, ask, ...filter } = search;
  const list = useRequests(filter);
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  const filtered = Object.values(filter).some((value) => value !== undefined);
  const { first, semesters, known } = useSemesters();
  const proposals = useProposals().data ?? [];
  const [arrived, setArrived] = useState<readonly RequestView[]>([]);
  const live = useRoomsNews((news) =>
    setArrived((before) => [...news, ...before.filter((one) => !news.some(({ id }) => id === one.id))].slice(0, MOST)),
  );
  // What is new waits until it is asked for: the list stands still under the eyes.
  const newest = items[0]?.asked_at ?? '';
  const fresh = arrived.filter(
    (one) => fits(filter, one) && one.asked_at >= newest && !items.some(({ id }) => id === one.id),
  ).length;
  const open = opened !== undefined || ask === true;
  return (
    <div className={panelClasses.page} data-open={open}>
      <div style={{ minWidth: 0 }}>
        <SubNav section="rooms" />
        <PageHeader
          title={t('nav.roomRequests')}
          note={
            <>
              {t('rooms.requestsBody')} · {t(live ? 'system.live' : 'system.polling')}
            </>
          }
        >
          {may ? <Export filter={filter} /> : null}
          {may ? (
            <Button data-ask="ask" onClick={() => show({ request: undefined, ask: true })}>
              {t('rooms.ask')}
            </Button>
          ) : null}
        </PageHeader>
        {proposals.length > 0 ? (
          <div style={{ marginBottom: 16 }}>
            <Suspense>
              <Proposals proposals={proposals} />
            </Suspense>
          </div>
        ) : null}
        <RequestFilters search={search} semesters={semesters} known={known} onChange={show} />
        <section className="panel" aria-label={t('rooms.listLabel')} aria-busy={list.isPending}>
          {list.isPending ? (
            <>
              <RequestColumns />
              <RequestSkeletons />
            </>
          ) : list.isError && items.length === 0 ? (
            <Failure error={list.error} retry={() => void list.refetch()} />
          ) : items.length === 0 ? (
            <Blank
              icon={
                filtered ? (
                  <IconSearchOff size={40} stroke={1.25} aria-hidden />
                ) : (
                  <IconClipboardList size={40} stroke={1.25} aria-hidden />
                )
              }
              title={t(filtered ? 'rooms.noRequestFound' : 'rooms.noRequests')}
              body={t(filtered ? 'files.nothingFoundBody' : 'rooms.noRequestsBody')}
              action={
                filtered ? (
                  <Button variant="default" onClick={() => show(NO_FILTERS)}>
                    {t('files.clearFilters')}
                  </Button>
                ) : undefined
              }
            />
          ) : (
            <>
              <div className={classes.bar}>
                <span>{t('rooms.newestFirst')}</span>
                <span role="status">
                  {fresh === 0 ? null : (
                    <Button variant="light" size="compact-sm" onClick={() => void list.refetch()}>
                      {t('rooms.showNew', { number: formats.number(fresh) })}
                    </Button>
                  )}
                </span>
              </div>
              <RequestColumns />
              <ul className={classes.list}>
                {items.map((request) => (
                  <RequestRow key={request.id} request={request} open={request.id === opened} />
                ))}
              </ul>
              {list.isError ? (
                <Failure compact error={list.error} retry={() => void list.fetchNextPage()} />
              ) : (
                <ListEnd
                  more={list.hasNextPage}
                  loading={list.isFetchingNextPage}
                  load={() => void list.fetchNextPage()}
                />
              )}
            </>
          )}
        </section>
      </div>
      <Suspense>
        {open && first !== undefined ? (
          <RoomsPanel
            opened={{ request: opened, ask }}
            semester={search.semester ?? first}
            semesters={semesters}
            known={known}
            onShow={({ request, ask: asking }) => show({ request, ask: asking })}
          />
        ) : null}
      </Suspense>
    </div>
  );
}

interface RequestFiltersProps {
  search: RoomRequestsSearch;
  semesters: string[];
  known: RequestView[];
  onChange: (next: RoomRequestsSearch) => void;
}

function RequestFilters({ search, semesters, known, onChange }: RequestFiltersProps) {
  const { t } = useTranslation();
  const names = useRoomNames();
  const programs = search.faculty === undefined ? [] : programsOf(search.faculty, known);
  return (
    <fieldset className={filterClasses.filters}>
      <legend className="visually-hidden">{t('files.filters')}</legend>
      <FilterChip
        label={t('rooms.stateLabel')}
        value={search.state}
        choices={STATES.map((state) => ({ value: state, label: t(`rooms.state.${state}`) }))}
        onChange={(state) => onChange({ state: state as State | undefined })}
      />
      <FilterChip
        label={t('nav.semester')}
        value={search.semester}
        choices={semesters.map((value) => ({ value, label: value }))}
        onChange={(semester) => onChange({ semester })}
      />
      <FilterChip
        label={t('rooms.faculty')}
        value={search.faculty}
        choices={facultiesWith(known.map((one) => one.faculty)).map((value) => ({
          value,
          label: names.faculty(value),
        }))}
        onChange={(faculty) => onChange({ faculty, program: undefined })}
      />
      <FilterChip
        label={t('rooms.program')}
        value={search.program}
        choices={programs.map((value) => ({ value, label: names.program(value) }))}
        onChange={(program) => onChange({ program })}
      />
    </fieldset>
  );
}

function Export({ filter }: { filter: RequestsFilter }) {
  const { t } = useTranslation();
  const [saving, setSaving] = useState(false);
  const save = async (download: typeof downloadCsv, ending: string) => {
    setSaving(true);
    try {
      await download(filter, `${t('rooms.exportName')}.${ending}`);
    } catch (error) {
      say(t(failureKey(error)), true);
    }
    setSaving(false);
  };
  return (
    <Menu shadow="md" position="bottom-end" returnFocus withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <Button variant="default" loading={saving} leftSection={<IconDownload size={18} aria-hidden />}>
          {t('rooms.export')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => void save(downloadCsv, 'csv')}>CSV</Menu.Item>
        <Menu.Item onClick={() => void save(downloadJson, 'json')}>JSON</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
