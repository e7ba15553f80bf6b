import { canonicalJson, type RecordEntry, recordEntrySchema } from '@portreeve/contract';
import { columnsOf } from './columns.ts';
import type { OpenedRecord } from './keys/sealer.ts';
import { sha256 } from './merkle.ts';
import type { RecordColumns } from './ports.ts';
import type { Finding } from './verify.ts';

/** The entry as it stands in the row, or `null` where the text is not one. */
export function readEntry(text: string): RecordEntry | null {
  try {
    const value: unknown = JSON.parse(text);
    const parsed = recordEntrySchema.safeParse(value);
    return parsed.success && isCanonical(text, value) ? parsed.data : null;
  } catch {
    return null;
  }
}

/**
 * Whether a text is the RFC 8785 text of the value that was read from it. What `JSON.stringify` gives back unchanged is,
 * if the members are sorted and nothing is escaped that stands for half a character: that is told in a fifth of the time
 * that writing it anew takes.
 */
function isCanonical(text: string, value: unknown): boolean {
  const plain = JSON.stringify(value) === text && !text.includes('\\ud') && isSorted(value);
  return plain || canonicalJson(value) === text;
}

function isSorted(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  const names = Array.isArray(value) ? [] : Object.keys(value);
  return names.every((name, i) => i === 0 || names[i - 1]! < name) && Object.values(value).every(isSorted);
}

/**
 * Checks what lies beside an entry whose leaf has been checked: payload, what it is filed under (`null` where it is not
 * searchable yet), order in time. `erased`: keys that a record of this log says are erased.
 */
export function checkBeside(
  row: OpenedRecord,
  entry: RecordEntry,
  filed: RecordColumns | null,
  before: string | null,
  erased: ReadonlySet<string>,
): Finding | null {
  const { index } = row;
  if (row.payload === null && row.unread !== 'damaged' && !entry.keys.some((key) => erased.has(key))) {
    const what = row.unread === 'missing' ? 'the payload' : 'a key';
    const problem = `${what} of record ${index} has been removed, and no record says that it was erased`;
    return { kind: 'missing_payload', index, problem };
  }
  if (
    row.unread === 'damaged' ||
    (row.payload !== null &&
      `sha256:${sha256(Buffer.from(row.payload, 'utf8')).toString('hex')}` !== entry.payload_digest)
  )
    return {
      kind: 'changed_payload',
      index,
      problem: `the payload of record ${index} is not the one that was recorded`,
    };
  const column = filed && differingColumn(filed, columnsOf(entry));
  if (column !== null)
    return {
      kind: 'changed_column',
      index,
      problem: `record ${index} is filed under another ${column} than its entry says, so a search may miss it`,
    };
  if (before !== null && Date.parse(entry.time) < Date.parse(before))
    return { kind: 'clock', index, problem: `the time of record ${index} is before that of the record before it` };
  return null;
}

function differingColumn(stored: RecordColumns, expected: RecordColumns): string | null {
  for (const [name, value] of Object.entries(expected)) {
    const found = stored[name as keyof RecordColumns];
    if (JSON.stringify(found) !== JSON.stringify(value)) return name;
  }
  return null;
}
