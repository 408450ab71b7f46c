import { ActionIcon, Modal } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { type ReactNode, useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { type Standing, StandingMark } from '../../shell/StandingMark';
import type { GradesFilter } from './filter';
import classes from './grades.module.css';

interface WallProps {
  filter: GradesFilter;
  standing: Standing;
  onClose: () => void;
  children: ReactNode;
}

/** The figures alone, as large as the screen lets them be. */
export function Wall({ filter, standing, onClose, children }: WallProps) {
  const { t } = useTranslation();
  const close = useRef(onClose);
  close.current = onClose;
  useEffect(() => {
    const changed = () => {
      if (document.fullscreenElement === null) close.current();
    };
    document.addEventListener('fullscreenchange', changed);
    return () => {
      document.removeEventListener('fullscreenchange', changed);
      if (document.fullscreenElement !== null) void document.exitFullscreen().catch(() => undefined);
    };
  }, []);
  // A projector that goes dark shows nothing.
  useEffect(() => {
    let lock: WakeLockSentinel | null = null;
    let ended = false;
    const keep = () => {
      if (document.visibilityState !== 'visible' || !('wakeLock' in navigator)) return;
      navigator.wakeLock.request('screen').then(
        (got) => {
          lock = got;
          if (ended) void got.release();
        },
        () => undefined,
      );
    };
    keep();
    document.addEventListener('visibilitychange', keep);
    return () => {
      ended = true;
      document.removeEventListener('visibilitychange', keep);
      void lock?.release();
    };
  }, []);
  const chosen = [filter.curso, filter.semestre, filter.year].filter((one) => one !== undefined).join(' · ');
  return (
    <Modal.Root opened fullScreen onClose={onClose} transitionProps={{ duration: 0 }}>
      <Modal.Content aria-label={t('nav.grades')} className={classes.wall}>
        <Modal.Body className={classes.wallBody}>
          <div className={classes.wallHead}>
            <h2>
              {t('nav.grades')}
              {chosen === '' ? null : <small>{chosen}</small>}
            </h2>
            <StandingMark standing={standing} />
            <ActionIcon
              variant="subtle"
              color="gray"
              size={44}
              data-autofocus
              aria-label={t('grades.leaveWall')}
              title={t('grades.leaveWall')}
              onClick={onClose}
            >
              <IconX size={24} aria-hidden />
            </ActionIcon>
          </div>
          {children}
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
