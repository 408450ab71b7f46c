import { describe, expect, it } from 'vitest';
import { faultsIn, linesOf, textOf } from './table';

const bytes = (...codes: number[]) => Uint8Array.from(codes);

describe('the bytes of a table', () => {
  it('are UTF-8, with or without a mark', () => {
    expect(textOf(new TextEncoder().encode('Méndez'))).toEqual({ text: 'Méndez', encoding: 'utf-8' });
    expect(textOf(bytes(0xef, 0xbb, 0xbf, 0x61)).text).toBe('a');
  });

  it('may be what old spreadsheets write', () => {
    expect(textOf(bytes(0x4d, 0xe9))).toEqual({ text: 'Mé', encoding: 'windows-1252' });
    expect(textOf(bytes(0xff, 0xfe, 0x61, 0x00))).toEqual({ text: 'a', encoding: 'utf-16' });
  });
});

describe('the lines of a table', () => {
  it('are divided by commas or by semicolons', () => {
    expect(linesOf('a,b\r\n1,2\r\n')).toEqual([
      { number: 1, cells: ['a', 'b'] },
      { number: 2, cells: ['1', '2'] },
    ]);
    expect(linesOf('a;b\n1,5;2').map((line) => line.cells)).toEqual([
      ['a', 'b'],
      ['1,5', '2'],
    ]);
  });

  it('may have quotes with all that a quote can hold', () => {
    expect(linesOf('a,b\n"x, y","say ""no""\nnow"\nlast,1')).toEqual([
      { number: 1, cells: ['a', 'b'] },
      { number: 2, cells: ['x, y', 'say "no"\nnow'] },
      { number: 4, cells: ['last', '1'] },
    ]);
  });

  it('are counted as an editor counts them, blank ones too', () => {
    expect(linesOf('a\n\n\nb\n').map((line) => line.number)).toEqual([1, 4]);
    expect(linesOf('')).toEqual([]);
  });
});

describe('what the campus refuses', () => {
  it('is told by line and column', () => {
    expect(
      faultsIn([
        { field: '/lines/12/nota', code: 'range', message: 'm' },
        { field: '/lines/3', code: 'cells', message: 'n' },
        { field: '/other', code: 'x', message: 'y' },
      ]),
    ).toEqual([
      { line: 3, column: null, code: 'cells', message: 'n' },
      { line: 12, column: 'nota', code: 'range', message: 'm' },
    ]);
  });
});
