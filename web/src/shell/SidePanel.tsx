import { CloseButton, Drawer } from '@mantine/core';
import { useHotkeys, useMediaQuery } from '@mantine/hooks';
import { type ReactNode, useEffect, useRef } from 'react';
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

/** Details: beside a list where there is room, over it where there is not. */
export function SidePanel(props: SidePanelProps) {
  const wide = useMediaQuery('(min-width: 75em)', undefined, { getInitialValueInEffect: false });
  if (wide) return <Beside {...props} />;
  return (
    <Drawer
      opened
      onClose={props.onClose}
      position="right"
      size={480}
      title={props.title}
      closeButtonProps={{ 'aria-label': props.closeLabel }}
      styles={{ title: { fontWeight: 600, overflowWrap: 'anywhere', minWidth: 0 } }}
    >
      {props.children}
    </Drawer>
  );
}

/** Takes the focus with each thing it shows, and gives it back to where it was opened. */
function Beside({ id, label, title, closeLabel, origin, onClose, children }: SidePanelProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: something else is another reason to move the focus
  useEffect(() => {
    heading.current?.focus({ preventScroll: true });
  }, [id]);
  const close = () => {
    document.querySelector<HTMLElement>(origin)?.focus({ preventScroll: true });
    onClose();
  };
  useHotkeys([['Escape', close]]);
  return (
    <aside className={`panel ${classes.aside}`} aria-label={label}>
      <div className={classes.head}>
        <h2 ref={heading} tabIndex={-1} style={{ margin: 0 }}>
          {title}
        </h2>
        <CloseButton aria-label={closeLabel} onClick={close} />
      </div>
      {children}
    </aside>
  );
}
