import { IconDeviceDesktop, IconTransform } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { RoomView } from '../../api/rooms';
import { useFormats } from '../../i18n/format';
import classes from './grid.module.css';
import { hueOf, useRoomNames } from './names';

/** What shapes and fillings mean. */
export function Legend() {
  const { t } = useTranslation();
  return (
    <ul className={classes.legend} aria-label={t('rooms.legend')}>
      {(['free', 'reserved', 'assigned'] as const).map((use) => (
        <li key={use}>
          <i className={classes.sample} data-use={use} aria-hidden />
          {t(`rooms.useOne.${use}`)}
        </li>
      ))}
      <li>
        <i className={classes.sample} data-shape="lab" data-use="free" aria-hidden>
          <IconDeviceDesktop size={12} />
        </i>
        {t('rooms.shapeOne.lab')}
      </li>
      <li>
        <i className={classes.sample} data-shape="mobile" data-use="free" aria-hidden>
          <IconTransform size={12} />
        </i>
        {t('rooms.shapeOne.mobile')}
      </li>
    </ul>
  );
}

interface FacultiesProps {
  rooms: RoomView[];
  chosen: string | undefined;
  onChoose: (faculty: string | undefined) => void;
}

/** The faculties that have rooms, with how many; choosing one shows only its. */
export function Faculties({ rooms, chosen, onChoose }: FacultiesProps) {
  const { t } = useTranslation();
  const formats = useFormats();
  const names = useRoomNames();
  const counts = new Map<string, number>();
  if (chosen !== undefined) counts.set(chosen, 0);
  for (const { holder } of rooms) {
    if (holder !== null) counts.set(holder.faculty, (counts.get(holder.faculty) ?? 0) + 1);
  }
  if (counts.size === 0) return null;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset has a legend that would be seen
    <div className={classes.faculties} role="group" aria-label={t('rooms.byFaculty')}>
      {[...counts]
        .sort(([a], [b]) => formats.compare(a, b))
        .map(([faculty, count]) => (
          <button
            key={faculty}
            type="button"
            className={classes.faculty}
            data-hue={hueOf(faculty)}
            aria-pressed={faculty === chosen}
            onClick={() => onChoose(faculty === chosen ? undefined : faculty)}
          >
            <b>{names.short(faculty)}</b> {names.faculty(faculty)} <span>{formats.number(count)}</span>
          </button>
        ))}
    </div>
  );
}
