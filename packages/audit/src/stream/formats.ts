import type { StoredRecord } from '../ports.ts';
import { toRecord } from '../search.ts';
import { cloudEvent } from './cloudevents.ts';
import { ocsfEvent } from './ocsf.ts';
import { otlpLog, otlpRequest } from './otlp.ts';

export const STREAM_FORMATS = ['jsonl', 'ocsf', 'otlp', 'cloudevents'] as const;
export type StreamFormat = (typeof STREAM_FORMATS)[number];

/** One record as text, on one line. The same record always gives the same text. */
export function formatRecord(format: StreamFormat, stored: StoredRecord): string {
  // The RFC 8785 texts themselves: who receives them can compute the leaf and the payload's digest.
  if (format === 'jsonl') return `{"entry":${stored.entry},"payload":${stored.payload ?? 'null'}}`;
  const record = toRecord(stored);
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
