import { Button, Chip, Select, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconFolderOpen, IconSearch, IconSearchOff } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { FilesSearch } from '../../shell/router';
import { Blank, Failure, PageHeader } from '../../shell/states';
import { usePageTitle } from '../../shell/usePageTitle';
import { useIdentity } from '../session/browser';
import { FileColumns, FileRow, FileSkeletons, ListEnd } from './FileList';
import classes from './files.module.css';
import { useFiles } from './queries';
import { UploadButton } from './UploadButton';

const FilePanel = lazy(() => import('./FilePanel').then((module) => ({ default: module.FilePanel })));

const TYPES = [
  { value: 'video', label: 'files.video' },
  { value: 'audio', label: 'files.audio' },
  { value: 'image', label: 'files.image' },
  { value: 'text', label: 'files.text' },
  { value: 'application', label: 'files.document' },
] as const;

const SORTS = [
  { value: '-created_at', label: 'files.sortNewest' },
  { value: 'created_at', label: 'files.sortOldest' },
  { value: 'name', label: 'files.sortName' },
  { value: '-size', label: 'files.sortLargest' },
  { value: 'size', label: 'files.sortSmallest' },
] as const;

export function FilesPage() {
  const { t } = useTranslation();
  usePageTitle(t('files.title'));
  const identity = useIdentity();
  const search = useSearch({ from: '/campus/files' });
  const navigate = useNavigate({ from: '/files' });
  const show = (next: Partial<FilesSearch>) =>
    void navigate({ to: '/files', search: (before) => ({ ...before, ...next }), replace: true, resetScroll: false });

  const [typed, setTyped] = useState(search.q ?? '');
  useEffect(() => setTyped(search.q ?? ''), [search.q]);
  const find = useDebouncedCallback((q: string) => show({ q: q || undefined }), 250);

  const list = useFiles({
    q: search.q,
    type: search.type,
    category: search.category,
    sort: search.sort,
    owner: search.owner === 'me' ? identity.id : undefined,
  });
  const files = list.data?.pages.flatMap((page) => page.items) ?? [];
  const filtered = Boolean(search.q || search.type || search.category || search.owner);
  const categories = [...new Set(files.map((file) => file.category).filter((name): name is string => Boolean(name)))];
  if (search.category && !categories.includes(search.category)) categories.unshift(search.category);

  const clear = () => show({ q: undefined, type: undefined, category: undefined, owner: undefined });
  return (
    <div className={classes.page} data-open={search.file !== undefined}>
      <div className={classes.catalogue}>
        <PageHeader title={t('files.title')}>
          <UploadButton />
        </PageHeader>
        <div className={classes.tools}>
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
          <Select
            aria-label={t('files.sort')}
            allowDeselect={false}
            value={search.sort ?? '-created_at'}
            data={SORTS.map(({ value, label }) => ({ value, label: t(label) }))}
            onChange={(sort) => show({ sort: sort && sort !== '-created_at' ? sort : undefined })}
          />
          {categories.length > 0 ? (
            <Select
              aria-label={t('files.category')}
              allowDeselect={false}
              value={search.category ?? ''}
              data={[
                { value: '', label: t('files.anyCategory') },
                ...categories.map((name) => ({ value: name, label: name })),
              ]}
              onChange={(category) => show({ category: category || undefined })}
            />
          ) : null}
        </div>
        <fieldset className={classes.chips}>
          <legend className="visually-hidden">{t('files.filters')}</legend>
          <Chip
            variant="outline"
            checked={search.owner === 'me'}
            onChange={(on) => show({ owner: on ? 'me' : undefined })}
          >
            {t('files.mine')}
          </Chip>
          {TYPES.map(({ value, label }) => (
            <Chip
              key={value}
              variant="outline"
              checked={search.type === value}
              onChange={(on) => show({ type: on ? value : undefined })}
            >
              {t(label)}
            </Chip>
          ))}
        </fieldset>
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
                <Button variant="default" onClick={clear}>
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
              <FileColumns />
              <ul className={classes.list}>
                {files.map((file) => (
                  <FileRow key={file.id} file={file} open={file.id === search.file} />
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
        {search.file ? <FilePanel id={search.file} onClose={() => show({ file: undefined })} /> : null}
      </Suspense>
    </div>
  );
}
