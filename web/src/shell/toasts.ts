import { useSyncExternalStore } from 'react';

export interface Toast {
  key: number;
  message: string;
  bad: boolean;
}

const SHOWN = 3;
/** Long enough to be read twice; nothing important is said here only. */
const LIFE = 6_000;

let toasts: readonly Toast[] = [];
let counter = 0;
const listeners = new Set<() => void>();

function become(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

export function dismiss(key: number): void {
  become(toasts.filter((toast) => toast.key !== key));
}

/** Says in passing that something was done, or that it could not be. */
export function say(message: string, bad = false): void {
  counter += 1;
  const key = counter;
  become([...toasts, { key, message, bad }].slice(-SHOWN));
  setTimeout(() => dismiss(key), LIFE);
}

export function useToasts(): readonly Toast[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
}
