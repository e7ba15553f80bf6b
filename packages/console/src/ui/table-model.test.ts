import { expect, test } from 'vitest';
import { toCsv } from './export.ts';
import { arrange, type Column, nextSort, servedSort } from './table-model.ts';

interface Thing {
  readonly name: string;
  readonly size: number | null;
}
const columns: readonly Column<Thing>[] = [
  { id: 'name', title: 'Name', value: ({ name }) => name },
  { id: 'size', title: 'Size', value: ({ size }) => size },
];
const rows: readonly Thing[] = [
  { name: 'Beta', size: 10 },
  { name: 'alpha two', size: null },
  { name: 'gamma', size: 9 },
];
const names = (search: Parameters<typeof arrange>[2]) => arrange(rows, columns, search).map(({ name }) => name);

test('rows keep the server’s order until a column is chosen; numbers go by size, nothing goes last', () => {
  expect(names({})).toEqual(['Beta', 'alpha two', 'gamma']);
  expect(names({ sort: 'size' })).toEqual(['gamma', 'Beta', 'alpha two']);
  expect(names({ sort: 'nothing' })).toEqual(['Beta', 'alpha two', 'gamma']);
  expect(['size', '-size', undefined].map((sort) => nextSort(sort, 'size'))).toEqual(['-size', undefined, 'size']);
});

test('the server is asked for its own name of a column, and not for one that it has no order for', () => {
  const names = { since: 'begun', until: 'ends' };
  expect(['since', '-until', 'other', '-', undefined, 'constructor'].map((sort) => servedSort(sort, names))).toEqual([
    'begun',
    '-ends',
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test('every word of a filter must stand somewhere in the row', () => {
  expect(names({ q: 'TWO alpha' })).toEqual(['alpha two']);
  expect(names({ q: 'alpha 10' })).toEqual([]);
});

test('an exported cell is never a formula, and keeps its quotes and lines', () => {
  expect(
    toCsv([
      { A: '=1+1', B: -5, C: 'x,"y"\n' },
      { A: '@cmd', B: null, C: '' },
    ]),
  ).toBe('A,B,C\r\n\'=1+1,-5,"x,""y""\n"\r\n\'@cmd,,\r\n');
  expect(toCsv([])).toBe('\r\n');
});
