import { IconDeviceDesktop, IconTransform } from '@tabler/icons-react';
import { type KeyboardEvent, memo, useCallback, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { RoomView } from '../../api/rooms';
import { useFormats } from '../../i18n/format';
import classes from './grid.module.css';
import { byBuilding, shapeOf, standingOf } from './inventory';
import { hueOf, useRoomNames } from './names';

interface RoomGridProps {
  rooms: RoomView[];
  openRoom: string | undefined;
  /** Rooms of this request stand out. */
  openRequest: string | undefined;
  onOpen: (name: string) => void;
}

/** Buildings and their rooms: one Tab stop, arrows inside. */
export function RoomGrid({ rooms, openRoom, openRequest, onOpen }: RoomGridProps) {
  const { t } = useTranslation();
  const formats = useFormats();
  const grid = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState<string>();
  const buildings = useMemo(() => byBuilding(rooms, formats.compare), [rooms, formats]);
  const wanted = openRoom ?? at;
  const stop = rooms.some((room) => room.name === wanted) ? wanted : buildings[0]?.rooms[0]?.name;
  const open = useRef(onOpen);
  open.current = onOpen;
  const choose = useCallback((name: string) => open.current(name), []);
  const onKey = (event: KeyboardEvent<HTMLDivElement>) => {
    const cells = [...(grid.current?.querySelectorAll<HTMLButtonElement>('button[data-room]') ?? [])];
    const here = cells.indexOf(document.activeElement as HTMLButtonElement);
    const next = here < 0 ? undefined : neighbour(cells, here, event.key);
    if (next === undefined) return;
    event.preventDefault();
    setAt(next.dataset.room);
    next.focus();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys are those of the cells in it
    <div ref={grid} onKeyDown={onKey}>
      {buildings.map(({ building, rooms: there }) => {
        const free = there.filter((room) => room.holder === null).length;
        return (
          <section key={building} className={classes.building} aria-labelledby={`building-${building}`}>
            <div className={classes.buildingHead}>
              <h2 id={`building-${building}`}>{building}</h2>
              <span>{t('rooms.freeOf', { free: formats.number(free), all: formats.number(there.length) })}</span>
            </div>
            <ul className={classes.cells}>
              {there.map((room) => (
                <Cell
                  key={room.name}
                  room={room}
                  stop={room.name === stop}
                  open={room.name === openRoom}
                  lit={openRequest !== undefined && room.holder?.request === openRequest}
                  onOpen={choose}
                />
              ))}
            </ul>
          </section>
        );
      })}
    </div>
  );
}

interface CellProps {
  room: RoomView;
  /** Tab stops here. */
  stop: boolean;
  open: boolean;
  lit: boolean;
  onOpen: (name: string) => void;
}

/** A room: its shape says what it is, its filling whether it is taken, letters and colour whose it is. */
const Cell = memo(function Cell({ room, stop, open, lit, onOpen }: CellProps) {
  const { t } = useTranslation();
  const formats = useFormats();
  const names = useRoomNames();
  const { holder } = room;
  const shape = shapeOf(room);
  const use = standingOf(room);
  const second = holder === null ? formats.number(room.capacity) : names.short(holder.faculty);
  // What is seen comes first, so that it can be said to whoever listens to speech.
  const label = [
    `${room.name} ${second}`,
    t(`rooms.shapeOne.${shape}`),
    t('rooms.seatsOf', { number: formats.number(room.capacity) }),
    t(`rooms.useOne.${use}`),
    ...(holder === null ? [] : [names.program(holder.program)]),
  ].join(', ');
  return (
    <li>
      <button
        type="button"
        className={classes.cell}
        data-room={room.name}
        data-shape={shape}
        data-use={use}
        data-lit={lit}
        data-hue={holder === null ? undefined : hueOf(holder.faculty)}
        aria-label={label}
        aria-pressed={open}
        title={label}
        tabIndex={stop ? 0 : -1}
        onClick={() => onOpen(room.name)}
      >
        <span className={classes.room}>
          {room.name}
          {shape === 'lab' ? <IconDeviceDesktop size={12} aria-hidden /> : null}
          {shape === 'mobile' ? <IconTransform size={12} aria-hidden /> : null}
        </span>{' '}
        <span className={classes.who}>{second}</span>
      </button>
    </li>
  );
});

/** The cell that a key leads to; above and below is what is seen above and below. */
function neighbour(cells: HTMLButtonElement[], here: number, key: string): HTMLButtonElement | undefined {
  switch (key) {
    case 'ArrowRight':
      return cells[here + 1];
    case 'ArrowLeft':
      return cells[here - 1];
    case 'Home':
      return cells[0];
    case 'End':
      return cells.at(-1);
    case 'ArrowUp':
    case 'ArrowDown': {
      const from = cells[here]?.getBoundingClientRect();
      if (from === undefined) return undefined;
      const down = key === 'ArrowDown' ? 1 : -1;
      let best: { cell: HTMLButtonElement; away: number; aside: number } | undefined;
      for (const cell of cells) {
        const rect = cell.getBoundingClientRect();
        const away = (rect.top - from.top) * down;
        const aside = Math.abs(rect.left - from.left);
        if (away < from.height / 2) continue;
        if (best === undefined || away < best.away || (away === best.away && aside < best.aside)) {
          best = { cell, away, aside };
        }
      }
      return best?.cell;
    }
    default:
      return undefined;
  }
}
