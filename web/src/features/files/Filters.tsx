import { useTranslation } from 'react-i18next';
import type { CampusFile } from '../../api/types';
import type { FilesSearch } from '../../shell/searches';
import { useIdentity } from '../session/browser';
import { FilterChip } from './FilterChip';
import { valuesOf } from './filters';
import classes from './filters.module.css';

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
  { value: '-downloads', label: 'files.sortDownloads' },
] as const;

interface FiltersProps {
  search: FilesSearch;
  /** The files in view: what they have can be filtered by. */
  files: CampusFile[];
  onChange: (next: Partial<FilesSearch>) => void;
}

/** The catalogue's filters and order. */
export function Filters({ search, files, onChange }: FiltersProps) {
  const { t } = useTranslation();
  const identity = useIdentity();
  const owners = new Set(files.filter((file) => file.owner !== identity.id).map((file) => file.owner_name));
  if (search.owner !== undefined && search.owner !== 'me') owners.add(search.owner);
  const plain = (key: 'category' | 'classification' | 'tag') =>
    valuesOf(files, key, search[key]).map((value) => ({ value, label: value }));
  return (
    <fieldset className={classes.filters}>
      <legend className="visually-hidden">{t('files.filters')}</legend>
      <FilterChip
        always
        label={t('files.sort')}
        value={search.sort ?? '-created_at'}
        choices={SORTS.map(({ value, label }) => ({ value, label: t(label) }))}
        onChange={(sort) => onChange({ sort: sort === '-created_at' ? undefined : sort })}
      />
      <FilterChip
        label={t('files.typeFilter')}
        value={search.type}
        choices={TYPES.map(({ value, label }) => ({ value, label: t(label) }))}
        onChange={(type) => onChange({ type })}
      />
      <FilterChip
        label={t('files.owner')}
        value={search.owner}
        choices={[
          { value: 'me', label: t('files.you') },
          ...[...owners].sort((a, b) => a.localeCompare(b)).map((name) => ({ value: name, label: name })),
        ]}
        onChange={(owner) => onChange({ owner })}
      />
      <FilterChip
        label={t('files.category')}
        value={search.category}
        choices={plain('category')}
        onChange={(category) => onChange({ category })}
      />
      <FilterChip
        label={t('files.classification')}
        value={search.classification}
        choices={plain('classification')}
        onChange={(classification) => onChange({ classification })}
      />
      <FilterChip
        label={t('files.tag')}
        value={search.tag}
        choices={plain('tag')}
        onChange={(tag) => onChange({ tag })}
      />
      {search.ending === undefined ? null : (
        <FilterChip
          label={t('files.expires')}
          value={String(search.ending)}
          choices={[{ value: String(search.ending), label: t('files.within', { days: search.ending }) }]}
          onChange={() => onChange({ ending: undefined })}
        />
      )}
    </fieldset>
  );
}
