/** Tables of grades that people bring, as far as the browser reads them: what they say is decided by the campus. */

export type Encoding = 'utf-8' | 'utf-16' | 'windows-1252';

/** A table's text, and how it was written: spreadsheets like to save accents in an old way. */
export function textOf(bytes: Uint8Array): { text: string; encoding: Encoding } {
  const wide = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  if (wide) {
    return { text: new TextDecoder(bytes[0] === 0xff ? 'utf-16le' : 'utf-16be').decode(bytes), encoding: 'utf-16' };
  }
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), encoding: 'utf-8' };
  } catch {
    return { text: new TextDecoder('windows-1252').decode(bytes), encoding: 'windows-1252' };
  }
}

export interface Line {
  /** From 1, as an editor counts them. */
  number: number;
  cells: string[];
}

/** The lines of a table (RFC 4180, or with semicolons) that are not blank; the first holds the names of the columns. */
export function linesOf(text: string): Line[] {
  const separator = separatorOf(text);
  const lines: Line[] = [];
  let cells: string[] = [];
  let cell = '';
  let quoted = false;
  let number = 1;
  let begun = 1;
  const end = () => {
    cells.push(cell);
    if (cells.some((one) => one.trim() !== '')) lines.push({ number: begun, cells });
    cells = [];
    cell = '';
  };
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at] ?? '';
    if (letter === '\n') number += 1;
    if (quoted) {
      if (letter !== '"') cell += letter;
      else if (text[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else quoted = false;
    } else if (letter === '"' && cell.trim() === '') {
      quoted = true;
      cell = '';
    } else if (letter === separator) {
      cells.push(cell);
      cell = '';
    } else if (letter === '\n') {
      end();
      begun = number;
    } else if (letter !== '\r') cell += letter;
  }
  if (cell !== '' || cells.length > 0) end();
  return lines;
}

function separatorOf(text: string): ',' | ';' {
  const first = text.slice(0, text.indexOf('\n') >>> 0);
  return first.split(';').length > first.split(',').length ? ';' : ',';
}

/** What the campus says is wrong with a line. */
export interface LineFault {
  line: number;
  column: string | null;
  code: string;
  message: string;
}

/** The bad lines of a refusal, in the order of the table; `/lines/12/nota` is column `nota` of line 12. */
export function faultsIn(errors: readonly { field: string; code: string; message: string }[]): LineFault[] {
  return errors
    .flatMap(({ field, code, message }) => {
      const found = /^\/lines\/(\d+)(?:\/(.+))?$/.exec(field);
      return found ? [{ line: Number(found[1]), column: found[2] ?? null, code, message }] : [];
    })
    .sort((a, b) => a.line - b.line);
}
