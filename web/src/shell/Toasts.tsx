import { Button, CloseButton } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import classes from './shell.module.css';
import { dismiss, useToasts } from './toasts';

export function Toasts() {
  const { t } = useTranslation();
  const toasts = useToasts();
  return (
    <div className={classes.toasts} role="status">
      {toasts.map(({ key, message, bad, action }) => (
        <div key={key} className={`panel ${classes.toast}`} data-bad={bad}>
          {bad ? <IconAlertTriangle size={20} aria-hidden /> : <IconCircleCheck size={20} aria-hidden />}
          <span>{message}</span>
          {action === null ? null : (
            <Button
              variant="subtle"
              size="compact-sm"
              onClick={() => {
                dismiss(key);
                action.run();
              }}
            >
              {action.label}
            </Button>
          )}
          <CloseButton size="sm" aria-label={t('common.close')} onClick={() => dismiss(key)} />
        </div>
      ))}
    </div>
  );
}
