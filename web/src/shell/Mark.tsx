import type { Icon } from '@tabler/icons-react';
import type { ComponentPropsWithoutRef } from 'react';
import classes from './mark.module.css';

/** How a state looks. */
export interface Look {
  tone: 'plain' | 'busy' | 'good' | 'warn' | 'bad';
  icon: Icon;
}

interface MarkProps extends ComponentPropsWithoutRef<'span'> {
  look: Look;
}

/** A state: shape, words and colour say the same. */
export function Mark({ look: { tone, icon: Icon }, children, ...rest }: MarkProps) {
  return (
    <span className={classes.mark} data-tone={tone} {...rest}>
      <Icon size={14} aria-hidden />
      {children}
    </span>
  );
}
