import { TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';

/** One student's grades, by their number, as it is typed. */
export function CarnetFilter({ carnet, onChange }: { carnet?: number; onChange: (carnet?: number) => void }) {
  const { t } = useTranslation();
  const [text, setText] = useState(carnet === undefined ? '' : String(carnet));
  useEffect(() => setText(carnet === undefined ? '' : String(carnet)), [carnet]);
  const find = useDebouncedCallback((value: string) => {
    const number = Number(value);
    onChange(Number.isSafeInteger(number) && number > 0 ? number : undefined);
  }, 300);
  return (
    <TextInput
      aria-label={t('grades.carnet')}
      placeholder={t('grades.carnetPlaceholder')}
      inputMode="numeric"
      leftSection={<IconSearch size={16} aria-hidden />}
      value={text}
      onChange={(event) => {
        const value = event.currentTarget.value.replace(/\D/g, '').slice(0, 15);
        setText(value);
        find(value);
      }}
    />
  );
}
