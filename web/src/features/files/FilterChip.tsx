import { Menu } from '@mantine/core';
import { IconChevronDown, IconX } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import classes from './filters.module.css';

interface FilterChipProps {
  label: string;
  value: string | undefined;
  choices: { value: string; label: string }[];
  onChange: (value: string | undefined) => void;
  /** There is always one choice made; nothing to take away. */
  always?: boolean;
}

/** A filter as a chip: says what it filters by, offers the choices, and can be taken away. */
export function FilterChip({ label, value, choices, onChange, always = false }: FilterChipProps) {
  const { t } = useTranslation();
  const chosen = choices.find((choice) => choice.value === value)?.label ?? value;
  const active = value !== undefined && !always;
  if (choices.length === 0 && !active) return null;
  return (
    <span className={classes.chip} data-active={active}>
      <Menu shadow="md" position="bottom-start" returnFocus withInitialFocusPlaceholder={false}>
        <Menu.Target>
          <button type="button" className={classes.open}>
            {chosen === undefined ? label : `${label}: ${chosen}`}
            <IconChevronDown size={14} aria-hidden />
          </button>
        </Menu.Target>
        <Menu.Dropdown mah={320} style={{ overflowY: 'auto' }}>
          <Menu.RadioGroup value={value ?? ''} onChange={(next) => onChange(next || undefined)}>
            {choices.map((choice) => (
              <Menu.RadioItem key={choice.value} value={choice.value} closeMenuOnClick>
                {choice.label}
              </Menu.RadioItem>
            ))}
          </Menu.RadioGroup>
        </Menu.Dropdown>
      </Menu>
      {active ? (
        <button
          type="button"
          className={classes.clear}
          aria-label={t('files.clearFilter', { label })}
          onClick={() => onChange(undefined)}
        >
          <IconX size={14} aria-hidden />
        </button>
      ) : null}
    </span>
  );
}
