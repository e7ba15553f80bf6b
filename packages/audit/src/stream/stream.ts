import type { OpenedRecord } from '../keys/sealer.ts';
import { formatRecord, type StreamFormat } from './formats.ts';

/** Records of one delivery. */
const BATCH_RECORDS = 200;
/** Characters of one delivery, unless a single record has more. */
const BATCH_CHARS = 2 * 1024 * 1024;

/** Records that follow each other in the log, formatted. */
export interface StreamBatch {
  readonly log: string;
  readonly from: number;
  readonly lines: readonly { readonly index: number; readonly time: string; readonly text: string }[];
}

/**
 * Where records go. `send` resolves when the receiver has taken the whole batch, and rejects in any other case: a part
 * may have arrived then, and the same batch comes again. Who receives drops what it has by the log and the index.
 */
export interface Sink {
  send(batch: StreamBatch, signal: AbortSignal): Promise<void>;
}

/** How far a stream is in one log. */
export interface StreamCursor {
  /** The index of the next record to send. */
  readonly next: number;
}

/** Where streams keep how far they are. */
export interface CursorStore {
  /**
   * Calls `deliver` with the cursor, alone among all processes, and keeps what it gives. Gives `false` at once where
   * another process delivers, and keeps nothing where `deliver` rejects.
   */
  advance(stream: string, log: string, deliver: (cursor: StreamCursor) => Promise<StreamCursor>): Promise<boolean>;
}

export interface StreamOptions {
  /** Records of the log from an index on, opened. */
  readonly read: (from: number, limit: number) => Promise<readonly OpenedRecord[]>;
  readonly cursors: CursorStore;
  readonly log: string;
  readonly name: string;
  readonly format: StreamFormat;
  readonly sink: Sink;
  readonly signal: AbortSignal;
}

/**
 * Delivers one batch of what has its place in the log and was not acknowledged. The cursor moves after the receiver's
 * answer and never past a record: after any failure of either side nothing is left out, and what came twice has the same
 * index. Gives how many records were delivered; `null` where another process delivers.
 */
export async function deliverBatch(options: StreamOptions): Promise<number | null> {
  const { log, format } = options;
  let delivered = 0;
  const mine = await options.cursors.advance(options.name, log, async ({ next }) => {
    const lines: StreamBatch['lines'][number][] = [];
    let chars = 0;
    for (const record of await options.read(next, BATCH_RECORDS)) {
      const text = formatRecord(format, record);
      if (lines.length > 0 && chars + text.length > BATCH_CHARS) break;
      chars += text.length;
      lines.push({ index: record.index, time: (JSON.parse(record.entry) as { time: string }).time, text });
    }
    if (lines.length === 0) return { next };
    await options.sink.send({ log, from: next, lines }, options.signal);
    delivered = lines.length;
    return { next: lines.at(-1)!.index + 1 };
  });
  return mine ? delivered : null;
}
