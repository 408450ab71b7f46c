import { useTranslation } from 'react-i18next';
import type { Equipment, RoomView } from '../../api/rooms';
import { useFormats } from '../../i18n/format';
import type { RoomsSearch } from '../../shell/searches';
import { FilterChip } from '../files/FilterChip';
import classes from '../files/filters.module.css';
import { EQUIPMENT } from './equipment';

const SEATS = [30, 40, 60, 100];

interface RoomFiltersProps {
  search: RoomsSearch;
  rooms: RoomView[];
  onChange: (next: Partial<RoomsSearch>) => void;
}

/** Which rooms of the semester are shown. */
export function RoomFilters({ search, rooms, onChange }: RoomFiltersProps) {
  const { t } = useTranslation();
  const formats = useFormats();
  const buildings = [...new Set(rooms.map((room) => room.building))].sort(formats.compare);
  const seats = [...new Set([...SEATS, ...(search.seats === undefined ? [] : [search.seats])])].sort((a, b) => a - b);
  return (
    <fieldset className={classes.filters}>
      <legend className="visually-hidden">{t('files.filters')}</legend>
      <FilterChip
        label={t('rooms.use')}
        value={search.use}
        choices={(['free', 'reserved', 'assigned'] as const).map((use) => ({
          value: use,
          label: t(`rooms.useOne.${use}`),
        }))}
        onChange={(use) => onChange({ use: use as RoomsSearch['use'] })}
      />
      <FilterChip
        label={t('rooms.kind')}
        value={search.shape}
        choices={(['classroom', 'lab', 'mobile'] as const).map((shape) => ({
          value: shape,
          label: t(`rooms.shapeOne.${shape}`),
        }))}
        onChange={(shape) => onChange({ shape: shape as RoomsSearch['shape'] })}
      />
      <FilterChip
        label={t('rooms.building')}
        value={search.building}
        choices={buildings.map((value) => ({ value, label: value }))}
        onChange={(building) => onChange({ building })}
      />
      <FilterChip
        label={t('rooms.seats')}
        value={search.seats === undefined ? undefined : String(search.seats)}
        choices={seats.map((value) => ({
          value: String(value),
          label: t('rooms.atLeast', { number: formats.number(value) }),
        }))}
        onChange={(value) => onChange({ seats: value === undefined ? undefined : Number(value) })}
      />
      <FilterChip
        label={t('rooms.equipment')}
        value={search.equipment}
        choices={EQUIPMENT.map((value) => ({ value, label: t(`rooms.has.${value}`) }))}
        onChange={(equipment) => onChange({ equipment: equipment as Equipment | undefined })}
      />
    </fieldset>
  );
}
