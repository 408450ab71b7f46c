import { useLayoutEffect, useRef, useState } from 'react';

/** A drag over the window says so at least this often, in milliseconds; one that is silent for longer has left it. */
const SILENCE = 1_000;

/** Takes files dropped anywhere on the window; says whether some are being dragged over it. */
export function useDropAnywhere(take: (files: File[]) => void): boolean {
  const taker = useRef(take);
  taker.current = take;
  const [dropping, setDropping] = useState(false);
  // Before anything is painted: a file dropped with nobody listening would replace the page.
  useLayoutEffect(() => {
    let silence: ReturnType<typeof setTimeout> | undefined;
    const ended = () => {
      clearTimeout(silence);
      setDropping(false);
    };
    const carriesFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    // Enter and leave cannot be counted against each other: an element that is taken away under the pointer never
    // hears that the drag has left it.
    const over = (event: DragEvent) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      setDropping(true);
      clearTimeout(silence);
      silence = setTimeout(ended, SILENCE);
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) ended();
    };
    const drop = (event: DragEvent) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      ended();
      const items = [...(event.dataTransfer?.items ?? [])];
      // A folder shows up as a file that cannot be read.
      const folders = items.map((item) => item.webkitGetAsEntry()?.isDirectory ?? false);
      taker.current([...(event.dataTransfer?.files ?? [])].filter((_, index) => !folders[index]));
    };
    const on: [string, (event: DragEvent) => void][] = [
      ['dragenter', over],
      ['dragover', over],
      ['dragleave', leave],
      ['drop', drop],
    ];
    for (const [name, listener] of on) window.addEventListener(name, listener as EventListener);
    return () => {
      clearTimeout(silence);
      for (const [name, listener] of on) window.removeEventListener(name, listener as EventListener);
    };
  }, []);
  return dropping;
}
