import { IconUpload } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import classes from './shell.module.css';

/** Says that the files being dragged will be taken wherever they are dropped. */
export function DropCurtain({ label }: { label?: string }) {
  const { t } = useTranslation();
  return (
    <div className={classes.drop} data-drop aria-hidden>
      <div>
        <IconUpload size={40} stroke={1.5} />
        {label ?? t('files.dropHere')}
      </div>
    </div>
  );
}
