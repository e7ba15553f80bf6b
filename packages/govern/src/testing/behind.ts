/** What stands behind the row of that id: all of it without one, nothing behind one that is not there. */
export function behind<Row>(rows: readonly Row[], id: string | undefined, idOf: (row: Row) => string): readonly Row[] {
  if (id === undefined) return rows;
  const at = rows.findIndex((row) => idOf(row) === id);
  return at < 0 ? [] : rows.slice(at + 1);
}
