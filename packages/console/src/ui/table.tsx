import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useEffect, useMemo, useRef } from 'react';
import { save, toCsv } from './export.ts';
import { Empty, Failure, Loading } from './states.tsx';
import { arrange, type Column, nextSort, type TableSearch } from './table-model.ts';
import { Text } from './text.tsx';

const ROW_PX = 38;

export interface TableProps<T> {
  /** For the screen reader, and the file names of exports. */
  readonly name: string;
  readonly columns: readonly Column<T>[];
  /** Undefined while it loads. */
  readonly rows: readonly T[] | undefined;
  /** The server gives the rows in the order that was asked for: what is not loaded yet is in its place, too. */
  readonly sorted?: boolean;
  readonly error?: unknown;
  readonly retry?: () => void;
  readonly rowKey: (row: T) => string;
  readonly search: TableSearch;
  readonly onSearch: (search: TableSearch) => void;
  readonly empty: ReactNode;
  /** Filters that the server answers; they stand beside the table's own. */
  readonly filters?: ReactNode;
  readonly more?: { readonly load: () => void; readonly loading: boolean } | undefined;
  readonly selected?: string | null | undefined;
  readonly onSelect?: (key: string) => void;
}

/** Every list of the console: sorts, filters, pages, exports, and draws only the rows that are in view. */
export function Table<T>(props: TableProps<T>): ReactNode {
  const { columns, rows, search, error, sorted = false } = props;
  const shown = useMemo(
    () => arrange(rows ?? [], columns, sorted ? { q: search.q } : search),
    [rows, columns, search, sorted],
  );
  return (
    <div>
      <Tools {...props} shown={shown} />
      {error ? (
        <Failure error={error} {...(props.retry ? { retry: props.retry } : {})} />
      ) : rows === undefined ? (
        <Loading what={props.name} />
      ) : shown.length === 0 ? (
        rows.length === 0 ? (
          props.empty
        ) : (
          <Empty title="Nothing here has these words">Clear the filter to see all {rows.length} that are loaded.</Empty>
        )
      ) : (
        <Grid {...props} shown={shown} />
      )}
      <Foot {...props} shown={shown} />
    </div>
  );
}

type Shown<T> = TableProps<T> & { readonly shown: readonly T[] };

function Tools<T>({ name, columns, search, onSearch, filters, shown }: Shown<T>): ReactNode {
  const exported = () =>
    shown.map((row) => Object.fromEntries(columns.map((column) => [column.title, column.value(row)])));
  return (
    <div className="table-tools">
      {filters}
      <div className="field grow">
        <label htmlFor={`${name}-q`}>Filter what is loaded</label>
        <input
          id={`${name}-q`}
          type="search"
          value={search.q ?? ''}
          onChange={(event) => onSearch({ ...search, q: event.target.value || undefined })}
        />
      </div>
      <div className="cluster">
        <button
          type="button"
          className="button"
          onClick={() => save(`${name}.csv`, 'text/csv;charset=utf-8', toCsv(exported()))}
        >
          CSV
        </button>
        <button
          type="button"
          className="button"
          onClick={() => save(`${name}.json`, 'application/json', JSON.stringify(exported(), null, 2))}
        >
          JSON
        </button>
      </div>
    </div>
  );
}

function Grid<T>({ name, columns, shown, rowKey, search, onSearch, selected, onSelect }: Shown<T>): ReactNode {
  const scroll = useRef<HTMLElement>(null);
  const virtual = useVirtualizer({
    count: shown.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
  });
  const at = selected ? shown.findIndex((row) => rowKey(row) === selected) : -1;
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at, { align: 'auto' });
  }, [at, virtual]);
  const items = virtual.getVirtualItems();
  const before = items[0]?.start ?? 0;
  const after = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable without a mouse
    <section className="table-scroll" ref={scroll} tabIndex={0} aria-label={`${name}, scrollable`}>
      <table aria-rowcount={shown.length + 1} aria-label={name}>
        <thead>
          <tr>
            {columns.map((column) => (
              <Head key={column.id} column={column} search={search} onSearch={onSearch} />
            ))}
          </tr>
        </thead>
        <tbody>
          <Gap height={before} span={columns.length} />
          {items.map(({ index }) => {
            const row = shown[index] as T;
            const key = rowKey(row);
            return (
              <tr
                key={key}
                className="row"
                aria-rowindex={index + 2}
                {...(onSelect ? { 'aria-selected': key === selected, onClick: () => onSelect(key) } : {})}
              >
                {columns.map((column) => (
                  <td key={column.id} className={column.numeric ? 'numeric' : undefined}>
                    {column.cell ? column.cell(row) : <Text>{column.value(row)}</Text>}
                  </td>
                ))}
              </tr>
            );
          })}
          <Gap height={after} span={columns.length} />
        </tbody>
      </table>
    </section>
  );
}

/** The room of the rows that are not drawn. */
function Gap({ height, span }: { readonly height: number; readonly span: number }): ReactNode {
  if (height <= 0) return null;
  return (
    <tr className="gap">
      <td colSpan={span} style={{ height }} />
    </tr>
  );
}

function Head<T>({
  column,
  search,
  onSearch,
}: {
  readonly column: Column<T>;
  readonly search: TableSearch;
  readonly onSearch: (search: TableSearch) => void;
}): ReactNode {
  const { sort } = search;
  const up = sort === column.id;
  const down = sort === `-${column.id}`;
  return (
    <th
      scope="col"
      className={column.numeric ? 'numeric' : undefined}
      aria-sort={up ? 'ascending' : down ? 'descending' : 'none'}
    >
      <button type="button" onClick={() => onSearch({ ...search, sort: nextSort(sort, column.id) })}>
        {column.title}
        <span aria-hidden="true">{up ? ' ↑' : down ? ' ↓' : ''}</span>
      </button>
    </th>
  );
}

function Foot<T>({ rows, shown, more }: Shown<T>): ReactNode {
  if (!rows || rows.length === 0) return null;
  const count = shown.length === rows.length ? `${rows.length} shown` : `${shown.length} of ${rows.length} shown`;
  return (
    <div className="table-foot">
      <span role="status">
        {count}
        {more ? '; the server has more, which filter and order do not see yet' : ''}
      </span>
      {more ? (
        <button type="button" className="button" onClick={more.load} disabled={more.loading}>
          {more.loading ? 'Loading…' : 'Load more'}
        </button>
      ) : null}
    </div>
  );
}
