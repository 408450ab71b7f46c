import { CloseButton, Drawer, Skeleton, Stack } from '@mantine/core';
import { useHotkeys, useMediaQuery } from '@mantine/hooks';
import { type ReactNode, useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Failure } from '../../shell/states';
import { FileDetails } from './FileDetails';
import classes from './files.module.css';
import { titleOf, useFile } from './queries';

/** One file: beside the list where there is room, over it where there is not. */
export function FilePanel({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useTranslation();
  const file = useFile(id);
  const wide = useMediaQuery('(min-width: 75em)', undefined, { getInitialValueInEffect: false });
  const title = file.data ? titleOf(file.data) : t('files.details');
  const body = file.isPending ? (
    <Stack gap={16}>
      <Skeleton height={200} />
      <Skeleton height={36} />
      <Skeleton height={160} />
    </Stack>
  ) : file.isError ? (
    <Failure error={file.error} retry={() => void file.refetch()} />
  ) : (
    <FileDetails key={id} file={file.data} onClose={onClose} />
  );
  if (wide) {
    return (
      <Beside id={id} title={title} onClose={onClose}>
        {body}
      </Beside>
    );
  }
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size={480}
      title={title}
      closeButtonProps={{ 'aria-label': t('files.closeDetails') }}
      styles={{ title: { fontWeight: 600, overflowWrap: 'anywhere', minWidth: 0 } }}
    >
      {body}
    </Drawer>
  );
}

interface BesideProps {
  id: string;
  title: string;
  onClose: () => void;
  children: ReactNode;
}

/** Takes the focus with each file it shows, and gives it back to the file's row. */
function Beside({ id, title, onClose, children }: BesideProps) {
  const { t } = useTranslation();
  const heading = useRef<HTMLHeadingElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another file is another reason to move the focus
  useEffect(() => {
    heading.current?.focus({ preventScroll: true });
  }, [id]);
  const close = () => {
    document.querySelector<HTMLElement>(`[data-file="${CSS.escape(id)}"]`)?.focus({ preventScroll: true });
    onClose();
  };
  useHotkeys([['Escape', close]]);
  return (
    <aside className={`panel ${classes.aside}`} aria-label={t('files.details')}>
      <div className={classes.asideHead}>
        <h2 ref={heading} tabIndex={-1} style={{ margin: 0 }}>
          {title}
        </h2>
        <CloseButton aria-label={t('files.closeDetails')} onClick={close} />
      </div>
      {children}
    </aside>
  );
}
