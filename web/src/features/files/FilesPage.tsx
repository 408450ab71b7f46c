import { ActionIcon, Button, TextInput, Tooltip } from '@mantine/core';
import { useDebouncedCallback, useLocalStorage } from '@mantine/hooks';
import { IconFolderOpen, IconLayoutGrid, IconList, IconSearch, IconSearchOff } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { CampusFile } from '../../api/types';
import { withTexts } from '../../i18n';
import { ListEnd } from '../../shell/ListEnd';
import { SubNav } from '../../shell/SubNav';
import type { FilesSearch } from '../../shell/searches';
import { Blank, Failure, PageHeader } from '../../shell/states';
import { usePageTitle } from '../../shell/usePageTitle';
import { FileColumns, FileRow, FileSkeletons } from './FileList';
import { FileTile } from './FileTile';
import { Filters } from './Filters';
import classes from './files.module.css';
import { isFiltered, NO_FILTERS } from './filters';
import filterClasses from './filters.module.css';
import { useFiles } from './queries';
import type { Pick } from './Selection';
import { UploadButton } from './UploadButton';

const loadPanel = withTexts(
  'sharing',
  withTexts('trail', () => import('./FilePanel')),
);
const FilePanel = lazy(() => loadPanel().then((module) => ({ default: module.FilePanel })));

const SelectionBar = lazy(() => import('./SelectionBar').then((module) => ({ default: module.SelectionBar })));
const QuotaBar = lazy(() => import('../quota/QuotaBar').then((module) => ({ default: module.QuotaBar })));

const VIEWS = [
  { view: 'rows', label: 'files.asRows', icon: IconList },
  { view: 'tiles', label: 'files.asTiles', icon: IconLayoutGrid },
] as const;

export function FilesPage() {
  const { t } = useTranslation();
  usePageTitle(t('files.title'));
  const search = useSearch({ from: '/campus/files' });
  const navigate = useNavigate({ from: '/files' });
  const show = (next: Partial<FilesSearch>) =>
    void navigate({ to: '/files', search: (before) => ({ ...before, ...next }), replace: true, resetScroll: false });
  const [view, setView] = useLocalStorage<'rows' | 'tiles'>({
    key: 'bedel.files-view',
    defaultValue: 'rows',
    getInitialValueInEffect: false,
  });

  const [typed, setTyped] = useState(search.q ?? '');
  useEffect(() => setTyped(search.q ?? ''), [search.q]);
  const find = useDebouncedCallback((q: string) => show({ q: q || undefined }), 250);

  const { file: open, ending, ...filter } = search;
  const list = useFiles({ ...filter, expiring_within_days: ending });
  const files = list.data?.pages.flatMap((page) => page.items) ?? [];
  const filtered = isFiltered(search);
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const chosen = files.filter((file) => picked.has(file.id));
  const pickOf = (file: CampusFile): Pick => ({
    picked: picked.has(file.id),
    onPick: (on) =>
      setPicked((before) => (on ? new Set([...before, file.id]) : new Set([...before].filter((id) => id !== file.id)))),
  });

  return (
    <div className={classes.page} data-open={open !== undefined}>
      <div className={classes.catalogue}>
        <SubNav section="files" />
        <PageHeader title={t('files.title')}>
          <UploadButton />
        </PageHeader>
        <div className={filterClasses.bar}>
          <TextInput
            type="search"
            aria-label={t('files.search')}
            placeholder={t('files.search')}
            leftSection={<IconSearch size={16} aria-hidden />}
            value={typed}
            onChange={(event) => {
              setTyped(event.currentTarget.value);
              find(event.currentTarget.value);
            }}
          />
          {/* biome-ignore lint/a11y/useSemanticElements: a fieldset has a legend that would be seen */}
          <div className={filterClasses.views} role="group" aria-label={t('files.view')}>
            {VIEWS.map(({ view: each, label, icon: Icon }) => (
              <Tooltip key={each} label={t(label)} openDelay={400} withinPortal={false}>
                <ActionIcon
                  variant={view === each ? 'light' : 'subtle'}
                  color={view === each ? undefined : 'gray'}
                  size={36}
                  aria-label={t(label)}
                  aria-pressed={view === each}
                  onClick={() => setView(each)}
                >
                  <Icon size={20} aria-hidden />
                </ActionIcon>
              </Tooltip>
            ))}
          </div>
        </div>
        <Filters search={search} files={files} onChange={show} />
        <Suspense>
          {chosen.length > 0 ? <SelectionBar files={chosen} onClear={() => setPicked(new Set())} /> : null}
        </Suspense>
        <section className="panel" aria-label={t('files.listLabel')} aria-busy={list.isPending}>
          {list.isPending ? (
            <>
              <FileColumns />
              <FileSkeletons />
            </>
          ) : list.isError && files.length === 0 ? (
            <Failure error={list.error} retry={() => void list.refetch()} />
          ) : files.length === 0 && filtered ? (
            <Blank
              icon={<IconSearchOff size={40} stroke={1.25} aria-hidden />}
              title={t('files.nothingFound')}
              body={t('files.nothingFoundBody')}
              action={
                <Button variant="default" onClick={() => show(NO_FILTERS)}>
                  {t('files.clearFilters')}
                </Button>
              }
            />
          ) : files.length === 0 ? (
            <Blank
              icon={<IconFolderOpen size={40} stroke={1.25} aria-hidden />}
              title={t('files.emptyTitle')}
              body={t('files.emptyBody')}
              action={<UploadButton variant="default" />}
            />
          ) : (
            <>
              {view === 'rows' ? <FileColumns /> : null}
              <ul className={view === 'rows' ? classes.list : classes.tiles}>
                {files.map((file) =>
                  view === 'rows' ? (
                    <FileRow key={file.id} file={file} open={file.id === open} pick={pickOf(file)} />
                  ) : (
                    <FileTile key={file.id} file={file} open={file.id === open} pick={pickOf(file)} />
                  ),
                )}
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
        <div className={classes.quota}>
          <Suspense>
            <QuotaBar />
          </Suspense>
        </div>
      </div>
      <Suspense>{open ? <FilePanel id={open} onClose={() => show({ file: undefined })} /> : null}</Suspense>
    </div>
  );
}
