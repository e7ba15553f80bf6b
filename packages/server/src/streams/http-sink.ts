import { encodeBatch, type Sink, type StreamFormat } from '@portreeve/audit';
import type { Egress } from '@portreeve/execute';

/** Bytes of an answer that are looked at. */
const ANSWER_BYTES_MAX = 64 * 1024;

/**
 * POSTs each batch, and takes an answer of 2xx that came whole for its receipt. The headers `portreeve-log` and
 * `portreeve-from` name the batch. OTLP's answer may say that records were rejected: that is a failure here.
 */
export function httpSink(options: {
  readonly fetch: Egress['fetch'];
  readonly url: URL;
  readonly format: StreamFormat;
  /** A bearer token, read anew for each batch. */
  readonly token: () => Promise<string | null>;
}): Sink {
  const { fetch, url, format, token } = options;
  return {
    async send({ log, from, lines }, signal) {
      const { content_type, body } = encodeBatch(
        format,
        lines.map(({ text }) => text),
      );
      const bearer = await token();
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': content_type,
          'portreeve-log': log,
          'portreeve-from': String(from),
          ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
        },
        body,
        signal,
      });
      const answer = await textOf(response);
      if (!response.ok) throw new Error(`the receiver answered ${response.status}`);
      if (format === 'otlp' && rejected(answer)) throw new Error('the receiver rejected log records');
    },
  };
}

async function textOf(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  const parts: Uint8Array[] = [];
  let size = 0;
  for (; reader; ) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.byteLength;
    if (size > ANSWER_BYTES_MAX) {
      await reader.cancel();
      break;
    }
    parts.push(value);
  }
  return Buffer.concat(parts).toString('utf8');
}

function rejected(answer: string): boolean {
  try {
    const count = JSON.parse(answer)?.partialSuccess?.rejectedLogRecords;
    return count !== undefined && Number(count) !== 0;
  } catch {
    return false;
  }
}
