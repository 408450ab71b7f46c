import { useSyncExternalStore } from 'react';

export interface Toast {
  key: number;
  message: string;
  bad: boolean;
  action: ToastAction | null;
}

/** What can still be done about it, in one press. */
export interface ToastAction {
  label: string;
  run: () => void;
}

const SHOWN = 3;
/** Long enough to be read twice; nothing important is said here only. */
const LIFE = 6_000;
/** With something to press, reaching it takes time too. */
const LIFE_WITH_ACTION = 12_000;

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
export function say(message: string, bad = false, action: ToastAction | null = null): void {
  counter += 1;
  const key = counter;
  become([...toasts, { key, message, bad, action }].slice(-SHOWN));
  setTimeout(() => dismiss(key), action === null ? LIFE : LIFE_WITH_ACTION);
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
