import { NativeSelect, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';

interface FilterProps<V> {
  label: string;
  value: V | undefined;
  onChange: (value: V | undefined) => void;
}

/** A text that is looked for as soon as it is no longer typed. */
export function TextFilter({ label, value, placeholder, onChange }: FilterProps<string> & { placeholder: string }) {
  const [typed, setTyped] = useState(value ?? '');
  useEffect(() => setTyped(value ?? ''), [value]);
  const find = useDebouncedCallback((text: string) => onChange(text || undefined), 300);
  return (
    <TextInput
      label={label}
      placeholder={placeholder}
      spellCheck={false}
      value={typed}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        find(event.currentTarget.value.trim());
      }}
    />
  );
}

interface ChoiceFilterProps<V> extends FilterProps<V> {
  choices: { value: V; label: string }[];
}

/** One of a few, or all. */
export function ChoiceFilter<V extends string>({ label, value, choices, onChange }: ChoiceFilterProps<V>) {
  const { t } = useTranslation();
  return (
    <NativeSelect
      label={label}
      value={value ?? ''}
      data={[{ value: '', label: t('files.all') }, ...choices]}
      onChange={(event) => onChange(choices.find((one) => one.value === event.currentTarget.value)?.value)}
    />
  );
}
