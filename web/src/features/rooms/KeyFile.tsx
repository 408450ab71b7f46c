import { Button, Code, Group, Modal, Stack, Text } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Issued } from '../../api/rooms';
import { saveText } from '../../shell/saveText';
import classes from './members.module.css';

/** A key that was just made, with its private half: nobody can show it again. */
export function KeyFile({ issued, onClose }: { issued: Issued; onClose: () => void }) {
  const { t } = useTranslation();
  const [saved, setSaved] = useState(false);
  const name = `${issued.member.name}.key`;
  return (
    <Modal
      opened
      onClose={onClose}
      centered
      // What is shown once must not be lost by a stray click.
      closeOnClickOutside={false}
      title={t('rooms.keyMade', { name: issued.member.name })}
      closeButtonProps={{ 'aria-label': t('common.close') }}
      styles={{ title: { fontWeight: 600, overflowWrap: 'anywhere' } }}
    >
      <Stack gap={16}>
        <Text size="sm">{t('rooms.keyOnce')}</Text>
        <Code block className={classes.z85} data-key-file>
          {issued.key_file}
        </Code>
        <Group justify="space-between" gap={8}>
          <Button
            data-autofocus
            leftSection={<IconDownload size={18} aria-hidden />}
            onClick={() => {
              saveText(name, 'text/plain', issued.key_file ?? '');
              setSaved(true);
            }}
          >
            {t('rooms.saveKey', { name })}
          </Button>
          <Button variant="default" onClick={onClose}>
            {t(saved ? 'common.done' : 'rooms.keyCopied')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
