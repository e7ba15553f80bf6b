/** A row as it is exported: the values of its columns, by their titles. */
export type Exported = Readonly<Record<string, string | number | null>>;

/**
 * RFC 4180, with CRLF. A cell that a spreadsheet would take for a formula gets a quote before it: what is exported was
 * written by anybody.
 */
export function toCsv(rows: readonly Exported[]): string {
  const columns = Object.keys(rows[0] ?? {});
  const cell = (value: string | number | null): string => {
    const text = String(value ?? '');
    const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return [columns, ...rows.map((row) => columns.map((name) => row[name] ?? null))]
    .map((line) => `${line.map(cell).join(',')}\r\n`)
    .join('');
}

export function save(name: string, type: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
