import { useTranslation } from 'react-i18next';
import type { RoomsView } from '../../api/rooms';
import { useFormats } from '../../i18n/format';
import classes from './proposal.module.css';

const SHAPES = [
  { key: 'classrooms', shape: 'classroom' },
  { key: 'labs', shape: 'lab' },
  { key: 'mobile_labs', shape: 'mobile' },
] as const;

/** Rooms by their use; a use without rooms is left out. */
export function RoomNames({ rooms }: { rooms: RoomsView }) {
  const { t } = useTranslation();
  const formats = useFormats();
  return (
    <dl className={classes.kind}>
      {SHAPES.filter(({ key }) => rooms[key].length > 0).map(({ key, shape }) => (
        <div key={key}>
          <dt>
            {t(`rooms.shapes.${shape}`)}: {formats.number(rooms[key].length)}
          </dt>
          <dd>
            <ul className={classes.names} data-shape={shape}>
              {rooms[key].map((name) => (
                <li key={name}>{name}</li>
              ))}
            </ul>
          </dd>
        </div>
      ))}
    </dl>
  );
}
