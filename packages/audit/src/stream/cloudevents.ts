import type { StreamRecord } from './formats.ts';

/** A record as a CloudEvent 1.0 in structured JSON. `source` and `id` name it once; `sequence` is its index. */
export function cloudEvent({ entry, payload }: StreamRecord): object {
  const subject = entry.refs.run ?? entry.refs.approval ?? entry.refs.handoff;
  return {
    specversion: '1.0',
    id: entry.id,
    source: `//${entry.log}`,
    type: `portreeve.${entry.type}`,
    ...(subject ? { subject } : {}),
    time: entry.time,
    datacontenttype: 'application/json',
    sequence: String(entry.index),
    data: { entry, payload },
  };
}
