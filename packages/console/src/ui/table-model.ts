/** A column of a table: what it sorts, filters and exports by is its value, and its cell only shows it. */
export interface Column<T> {
  readonly id: string;
  readonly title: string;
  readonly value: (row: T) => string | number | null;
  readonly cell?: (row: T) => React.ReactNode;
  readonly numeric?: boolean;
}

/** The part of the address that a table's state is. */
export type TableSearch = {
  readonly q?: string | undefined;
  /** A column, with `-` before it for the other way round. */
  readonly sort?: string | undefined;
};

export function arrange<T>(rows: readonly T[], columns: readonly Column<T>[], { q, sort }: TableSearch): readonly T[] {
  const words = (q ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  const found =
    words.length === 0
      ? rows
      : rows.filter((row) => {
          const text = columns
            .map((column) => String(column.value(row) ?? ''))
            .join('\n')
            .toLowerCase();
          return words.every((word) => text.includes(word));
        });
  const id = sort?.replace(/^-/, '');
  const by = columns.find((column) => column.id === id);
  if (!by) return found;
  const way = sort?.startsWith('-') ? -1 : 1;
  return [...found].sort((a, b) => way * compare(by.value(a), by.value(b)));
}

function compare(a: string | number | null, b: string | number | null): number {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  return typeof a === 'number' && typeof b === 'number' ? a - b : String(a) < String(b) ? -1 : 1;
}

/** The state that a press on a column's title leads to: up, down, and as the server gave it. */
export function nextSort(sort: string | undefined, id: string): string | undefined {
  if (sort === id) return `-${id}`;
  return sort === `-${id}` ? undefined : id;
}

/** The order that the server is asked for, by its own names of the columns; undefined where it has none for this one. */
export function servedSort<Name extends string>(
  sort: string | undefined,
  names: Readonly<Record<string, Name>>,
): Name | `-${Name}` | undefined {
  const column = sort?.replace(/^-/, '') ?? '';
  if (sort === undefined || !Object.hasOwn(names, column)) return undefined;
  const name = names[column] as Name;
  return sort.startsWith('-') ? `-${name}` : name;
}
