import { encodeBatch, type Sink, type StreamFormat } from '@portreeve/audit';
import type { s3Objects } from '@portreeve/execute';

/** Digits of the index in a name, so that names sort as the log does. */
const INDEX_CHARS = 15;

/**
 * Writes each batch as one object, `<day>/<index of its first record>.<ending>`, the day that of its first record. A batch
 * that comes again begins with the same record, and so takes the place of what an earlier try may have left: no record is
 * in two objects, and where versions are kept the newest is whole.
 */
export function s3Sink(options: {
  readonly objects: Pick<ReturnType<typeof s3Objects>, 'write'>;
  readonly format: StreamFormat;
}): Sink {
  const { objects, format } = options;
  return {
    async send({ from, lines }, signal) {
      const { content_type, body } = encodeBatch(
        format,
        lines.map(({ text }) => text),
      );
      const day = (lines[0]?.time ?? '').slice(0, 10).replaceAll('-', '/');
      const ending = content_type.includes('ndjson') ? 'jsonl' : 'json';
      const path = `${day}/${String(from).padStart(INDEX_CHARS, '0')}.${ending}`;
      await objects.write(path, Buffer.from(body, 'utf8'), { headers: { 'content-type': content_type }, signal });
    },
  };
}
