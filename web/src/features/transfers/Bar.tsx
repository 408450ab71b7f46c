import classes from './tray.module.css';

/** How much of something has arrived. */
export function Bar({ value, size, state, label }: { value: number; size: number; state?: string; label: string }) {
  const share = size === 0 ? 1 : Math.min(1, value / size);
  return (
    <div
      className={classes.bar}
      data-state={state}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.floor(share * 100)}
    >
      <div style={{ transform: `scaleX(${share})` }} />
    </div>
  );
}
