import { Checkbox } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { CampusFile } from '../../api/types';
import { titleOf } from './queries';
import classes from './selection.module.css';

/** Whether a file of the list is picked, and the means to change it. */
export interface Pick {
  picked: boolean;
  onPick: (picked: boolean) => void;
}

export function PickBox({ file, pick }: { file: CampusFile; pick: Pick }) {
  const { t } = useTranslation();
  return (
    <Checkbox
      className={classes.box}
      size="md"
      checked={pick.picked}
      aria-label={t('files.pick', { name: titleOf(file) })}
      onChange={(event) => pick.onPick(event.currentTarget.checked)}
    />
  );
}
