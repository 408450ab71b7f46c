import { Button, Code, CopyButton, Group, Text } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import classes from './backups.module.css';

/** A line to run somewhere, and the button that copies it. */
export function Line({ label, text, first = false }: { label: string; text: string; first?: boolean }) {
  const { t } = useTranslation();
  return (
    <div>
      <Group justify="space-between" gap={8} mb={4} wrap="nowrap">
        <Text size="sm" fw={500}>
          {label}
        </Text>
        <CopyButton value={text}>
          {({ copied, copy }) => (
            <Button
              data-autofocus={first || undefined}
              variant="subtle"
              size="compact-sm"
              style={{ flexShrink: 0 }}
              onClick={copy}
              aria-label={`${t(copied ? 'common.copied' : 'common.copy')}: ${label}`}
              leftSection={copied ? <IconCheck size={14} aria-hidden /> : <IconCopy size={14} aria-hidden />}
            >
              {t(copied ? 'common.copied' : 'common.copy')}
            </Button>
          )}
        </CopyButton>
      </Group>
      <Code block className={classes.line} data-line>
        {text}
      </Code>
    </div>
  );
}
