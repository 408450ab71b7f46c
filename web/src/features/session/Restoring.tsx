import { Skeleton, Stack, Text, Title } from '@mantine/core';
import { useTimeout } from '@mantine/hooks';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Doorway } from './Doorway';

/** There is a session whose token is being renewed; after a moment, says why that takes time. */
export function Restoring() {
  const { t } = useTranslation();
  const [late, setLate] = useState(false);
  useTimeout(() => setLate(true), 1_500, { autoInvoke: true });
  return (
    <Doorway>
      <Stack gap={12} role="status">
        <Title order={1}>{t('app.restoring')}</Title>
        {late ? <Text c="dimmed">{t('app.accountsAway')}</Text> : <Skeleton height={24} />}
      </Stack>
    </Doorway>
  );
}
