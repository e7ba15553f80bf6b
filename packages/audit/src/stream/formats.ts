import type { AuditRecord, RecordEntry } from '@portreeve/contract';
import { toPayload } from '../search.ts';
import { cloudEvent } from './cloudevents.ts';
import { ocsfEvent } from './ocsf.ts';
import { otlpLog, otlpRequest } from './otlp.ts';

export const STREAM_FORMATS = ['jsonl', 'ocsf', 'otlp', 'cloudevents'] as const;
export type StreamFormat = (typeof STREAM_FORMATS)[number];

/** A record with its payload opened; `null` where it has been erased. */
export type StreamRecord = Pick<AuditRecord, 'entry' | 'payload'>;

/** One record as text, on one line. The same record always gives the same text. */
export function formatRecord(
  format: StreamFormat,
  stored: { readonly entry: string; readonly payload: string | null },
): string {
  // The RFC 8785 texts themselves: who receives them can compute the leaf and the payload's digest.
  if (format === 'jsonl') return `{"entry":${stored.entry},"payload":${stored.payload ?? 'null'}}`;
  const record: StreamRecord = { entry: JSON.parse(stored.entry) as RecordEntry, payload: toPayload(stored) };
  if (format === 'ocsf') return JSON.stringify(ocsfEvent(record));
  if (format === 'cloudevents') return JSON.stringify(cloudEvent(record));
  return JSON.stringify(otlpLog(record));
}

export interface EncodedBatch {
  readonly content_type: string;
  readonly body: string;
}

/** Formatted records as one HTTP body or object. */
export function encodeBatch(format: StreamFormat, lines: readonly string[]): EncodedBatch {
  switch (format) {
    case 'otlp':
      return { content_type: 'application/json', body: otlpRequest(lines) };
    case 'cloudevents':
      return { content_type: 'application/cloudevents-batch+json', body: `[${lines.join(',')}]` };
    default:
      return { content_type: 'application/x-ndjson', body: `${lines.join('\n')}\n` };
  }
}
