import { Button, Code, CopyButton, Group } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './copy.module.css';

/** An address to hand to somebody, and the button that copies it. */
export function CopyLink({ value, children }: { value: string; children?: ReactNode }) {
  const { t } = useTranslation();
  return (
    <>
      <Code block className={classes.link}>
        {value}
      </Code>
      <Group justify="space-between" gap={8}>
        <CopyButton value={value}>
          {({ copied, copy }) => (
            <Button
              data-autofocus
              onClick={copy}
              leftSection={copied ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />}
            >
              {copied ? t('common.copied') : t('common.copyLink')}
            </Button>
          )}
        </CopyButton>
        {children}
      </Group>
    </>
  );
}
