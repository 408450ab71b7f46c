import { Button, Group, Stack, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { dayOf } from './days';

const DAY = 86_400_000;
const PRESETS = [7, 30, 90];

interface ExpiryFieldProps {
  label: string;
  /** A local day, or empty for none. */
  value: string;
  onChange: (day: string) => void;
  error?: string;
}

/** A day on which something ends: chosen, or in one press. */
export function ExpiryField({ label, value, onChange, error }: ExpiryFieldProps) {
  const { t } = useTranslation();
  const now = Date.now();
  return (
    <Stack gap={4}>
      <TextInput
        type="date"
        label={label}
        value={value}
        min={dayOf(new Date(now))}
        error={error}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
      <Group gap={4}>
        {PRESETS.map((days) => (
          <Button
            key={days}
            variant="subtle"
            size="compact-sm"
            onClick={() => onChange(dayOf(new Date(now + days * DAY)))}
          >
            {t('common.days', { days })}
          </Button>
        ))}
        {value === '' ? null : (
          <Button variant="subtle" color="gray" size="compact-sm" onClick={() => onChange('')}>
            {t('common.noDate')}
          </Button>
        )}
      </Group>
    </Stack>
  );
}
