import { CloseButton } from '@mantine/core';
import { useHotkeys, useMediaQuery } from '@mantine/hooks';
import { type KeyboardEvent, type ReactNode, useEffect, useRef } from 'react';
import classes from './sidepanel.module.css';

interface SidePanelProps {
  /** What is shown: something else moves the focus to its heading. */
  id: string;
  label: string;
  title: string;
  closeLabel: string;
  /** Where the focus goes back to. */
  origin: string;
  onClose: () => void;
  children: ReactNode;
}

/** What takes the Escape key before the panel does: whatever is open over it. */
const OVER_IT =
  '[role=dialog]:not([data-side-panel]), [role=menu], [role=listbox], [data-mantine-stop-propagation=true]';
const REACHABLE = 'a[href], button, input, select, textarea, video[controls], audio[controls], [tabindex="0"]';

/** Keeps Tab inside `panel`: what it covers cannot be seen. */
function stayInside(event: KeyboardEvent, panel: HTMLElement | null): void {
  if (event.key !== 'Tab' || panel === null || !panel.contains(event.target as Node)) return;
  const stops = [...panel.querySelectorAll<HTMLElement>(REACHABLE)].filter(
    (one) => one.tabIndex >= 0 && !one.matches(':disabled') && one.checkVisibility(),
  );
  const [first, last] = [stops[0], stops.at(-1)];
  const here = document.activeElement;
  const next = event.shiftKey
    ? here === first || !stops.includes(here as HTMLElement)
      ? last
      : null
    : here === last
      ? first
      : null;
  if (!next) return;
  event.preventDefault();
  next.focus();
}

/**
 * Details: beside a list where there is room, over it where there is not. It is the same element in both cases, so that
 * what is being written in it, or in a dialog of it, outlives a window that becomes narrower.
 */
export function SidePanel({ id, label, title, closeLabel, origin, onClose, children }: SidePanelProps) {
  const over = !useMediaQuery('(min-width: 75em)', undefined, { getInitialValueInEffect: false });
  const heading = useRef<HTMLHeadingElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: something else is another reason to move the focus
  useEffect(() => {
    heading.current?.focus({ preventScroll: true });
  }, [id]);
  useEffect(() => {
    if (!over) return;
    document.body.style.overflow = 'hidden';
    return () => {
      document.body.style.overflow = '';
    };
  }, [over]);
  const close = () => {
    document.querySelector<HTMLElement>(origin)?.focus({ preventScroll: true });
    onClose();
  };
  useHotkeys(
    [
      [
        'Escape',
        (event) => {
          const target = event.target;
          if (target instanceof Element && target.closest(OVER_IT) === null) close();
        },
      ],
    ],
    // Over the list, Escape leaves it from anywhere; beside it, it is also a key of the fields.
    over ? [] : undefined,
  );
  return (
    <>
      {over ? <div className={classes.curtain} onClick={close} aria-hidden /> : null}
      <div
        className={`panel ${classes.aside}`}
        data-side-panel
        ref={panel}
        {...(over
          ? {
              role: 'dialog',
              'aria-modal': true,
              'aria-label': title,
              onKeyDown: (event: KeyboardEvent) => stayInside(event, panel.current),
            }
          : { role: 'complementary', 'aria-label': label })}
      >
        <div className={classes.head}>
          <h2 ref={heading} tabIndex={-1} style={{ margin: 0 }}>
            {title}
          </h2>
          <CloseButton aria-label={closeLabel} onClick={close} />
        </div>
        {children}
      </div>
    </>
  );
}
