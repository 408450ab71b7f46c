import { Modal, TextInput, VisuallyHidden } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconArchive, IconDoor, IconKey, IconSearch } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { type KeyboardEvent, type ReactNode, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useTargets } from '../features/backups/backups';
import { nodeOf } from '../features/backups/health';
import { FileIcon } from '../features/files/FileIcon';
import { titleOf, useFiles } from '../features/files/queries';
import { useInventory } from '../features/rooms/rooms';
import { semesterOf } from '../features/rooms/semesters';
import { useIdentity } from '../features/session/browser';
import { matches } from './matches';
import { placesFor, SECTIONS, subPlacesOf } from './places';
import classes from './search.module.css';

interface Hit {
  id: string;
  group: 'pages' | 'rooms' | 'backups' | 'files';
  label: string;
  icon: ReactNode;
  open: () => void;
}

const SHOWN = 8;

/** One box that finds pages, rooms, backed-up nodes and paths, and files. */
export function Search({ onClose }: { onClose: (opened: boolean) => void }) {
  const { t } = useTranslation();
  const identity = useIdentity();
  const navigate = useNavigate();
  const listId = useId();
  const [query, setQuery] = useState('');
  const [asked] = useDebouncedValue(query.trim(), 150);
  const [chosen, setChosen] = useState(0);
  const found = useFiles({ q: asked }, asked !== '');
  // Rooms are the same in every semester.
  const inventory = useInventory(asked === '' ? undefined : semesterOf(new Date()), false);

  const targets = useTargets(asked !== '' && identity.role === 'admin');

  const pages: Hit[] = [
    ...placesFor(identity.role).map(({ key, to, icon: Icon }) => ({
      id: `page-${key}`,
      group: 'pages' as const,
      label: t(`nav.${key}`),
      icon: <Icon size={20} stroke={1.75} aria-hidden />,
      open: () => void navigate({ to }),
    })),
    ...SECTIONS.flatMap(({ section, icon: Icon }) =>
      subPlacesOf(section, identity.role)
        .slice(1)
        .map(({ key, to }) => ({
          id: `page-${key}`,
          group: 'pages' as const,
          label: t(`nav.${key}`),
          icon: <Icon size={20} stroke={1.75} aria-hidden />,
          open: () => void navigate({ to }),
        })),
    ),
    {
      id: 'page-tokens',
      group: 'pages' as const,
      label: t('nav.tokens'),
      icon: <IconKey size={20} stroke={1.75} aria-hidden />,
      open: () => void navigate({ to: '/account/tokens' }),
    },
  ].filter((hit) => matches(hit.label, query));
  const files: Hit[] =
    asked === ''
      ? []
      : (found.data?.pages[0]?.items ?? []).slice(0, SHOWN).map((file) => ({
          id: `file-${file.id}`,
          group: 'files' as const,
          label: titleOf(file),
          icon: <FileIcon type={file.type} />,
          open: () => void navigate({ to: '/files', search: { q: asked, file: file.id } }),
        }));
  const rooms: Hit[] =
    asked === ''
      ? []
      : (inventory.data?.rooms ?? [])
          .filter((room) => matches(`${room.name} ${room.name.replace('-', '')} ${room.building}`, asked))
          .slice(0, SHOWN)
          .map((room) => ({
            id: `room-${room.name}`,
            group: 'rooms' as const,
            label: `${room.name} · ${room.building}`,
            icon: <IconDoor size={20} stroke={1.75} aria-hidden />,
            open: () => void navigate({ to: '/rooms', search: { room: room.name } }),
          }));
  const backups: Hit[] =
    asked === ''
      ? []
      : (targets.data ?? [])
          .map((target) => ({ id: target.id, label: `${nodeOf(target)} ${target.path}` }))
          .filter(({ label }) => matches(label, asked))
          .slice(0, SHOWN)
          .map(({ id, label }) => ({
            id: `target-${id}`,
            group: 'backups' as const,
            label,
            icon: <IconArchive size={20} stroke={1.75} aria-hidden />,
            open: () => void navigate({ to: '/backups', search: { target: id } }),
          }));
  const hits = [...pages, ...rooms, ...backups, ...files];
  const current = hits[Math.min(chosen, hits.length - 1)];

  const open = (hit: Hit | undefined) => {
    if (hit === undefined) return;
    onClose(true);
    hit.open();
  };
  const onKey = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0 && hits.length > 0) {
      event.preventDefault();
      const next = (Math.min(chosen, hits.length - 1) + step + hits.length) % hits.length;
      setChosen(next);
      document.getElementById(`${listId}-${hits[next]?.id}`)?.scrollIntoView({ block: 'nearest' });
    } else if (event.key === 'Enter') {
      event.preventDefault();
      open(current);
    }
  };
  const options = (group: Hit[], label: string) =>
    group.length === 0 ? null : (
      // biome-ignore lint/a11y/useSemanticElements: a group inside a listbox has no element of its own
      <div role="group" aria-label={label}>
        <div className={classes.group} aria-hidden>
          {label}
        </div>
        {group.map((hit) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents lint/a11y/useFocusableInteractive: the input holds the focus and the keys
          <div
            key={hit.id}
            id={`${listId}-${hit.id}`}
            role="option"
            aria-selected={hit === current}
            className={classes.option}
            onClick={() => open(hit)}
            onMouseMove={() => setChosen(hits.indexOf(hit))}
          >
            {hit.icon}
            <span className="ellipsis">{hit.label}</span>
          </div>
        ))}
      </div>
    );
  return (
    <Modal.Root opened returnFocus={false} onClose={() => onClose(false)} size={560} yOffset="12vh">
      <Modal.Overlay />
      <Modal.Content aria-label={t('search.title')}>
        <Modal.Body>
          <TextInput
            size="md"
            data-autofocus
            role="combobox"
            aria-expanded={hits.length > 0}
            aria-controls={listId}
            aria-activedescendant={current ? `${listId}-${current.id}` : undefined}
            aria-autocomplete="list"
            aria-label={t('search.title')}
            placeholder={t('search.placeholder')}
            leftSection={<IconSearch size={18} aria-hidden />}
            value={query}
            onChange={(event) => {
              setQuery(event.currentTarget.value);
              setChosen(0);
            }}
            onKeyDown={onKey}
          />
          <div role="listbox" id={listId} aria-label={t('search.results')} className={classes.list}>
            {options(pages, t('search.pages'))}
            {options(rooms, t('search.rooms'))}
            {options(backups, t('nav.backups'))}
            {options(files, t('search.files'))}
          </div>
          <VisuallyHidden role="status">{hits.length}</VisuallyHidden>
          <p className={classes.hint}>
            {hits.length === 0 && !found.isFetching ? t('search.nothing', { query }) : t('search.hint')}
          </p>
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
