import { type JsonObject, PortreeveError, type ProjectConfig } from '@portreeve/contract';
import type { Egress } from '@portreeve/execute';
import type { Secrets } from '../config/secrets.ts';

const SEND_MS_MAX = 10_000;
/** Bytes of an answer that are looked at. */
const ANSWER_BYTES_MAX = 64 * 1024;

/** How what is sent is taken. */
export interface SenderState {
  readonly system: string;
  readonly sent_at: string | null;
  /** Why the newest request was not taken; null where it was. */
  readonly problem: string | null;
}

/** A receiver that did not take a request. `again`: the same one may be taken later (OTLP/HTTP, retryable responses). */
export class NotTaken extends Error {
  override readonly name = 'NotTaken';
  readonly again: boolean;
  constructor(message: string, again: boolean) {
    super(message);
    this.again = again;
  }
}

export interface OtlpSender {
  /** Rejects with {@link NotTaken}. */
  send(body: JsonObject): Promise<void>;
  close(): void;
}

/** Sends OTLP over HTTP in JSON to a path of a declared system, through the egress guard and nothing else. */
export function otlpSender(options: {
  readonly what: 'metrics' | 'traces';
  readonly to: { readonly system: string; readonly path: string; readonly token?: string | undefined };
  readonly systems: ProjectConfig['systems'];
  readonly egress: Pick<Egress, 'fetch'>;
  readonly secrets: Pick<Secrets, 'read'>;
  /** The field of `partialSuccess` that counts what was not taken, and what it counts. */
  readonly rejected: { readonly field: string; readonly noun: string };
}): OtlpSender {
  const { what, to, systems, egress, secrets, rejected } = options;
  const system = Object.hasOwn(systems, to.system) ? systems[to.system] : undefined;
  if (!system || !/^https?:/.test(system.url))
    throw new PortreeveError('misconfigured', `telemetry.${what} needs a system ${to.system} with an http address.`, {
      next: 'Declare it under `systems`, as https://collector.example:4318.',
    });
  const url = new URL(system.url.replace(/\/+$/, '') + to.path);
  const closing = new AbortController();

  async function post(body: JsonObject): Promise<Response> {
    const token = to.token === undefined ? null : await secrets.read(to.token);
    return egress.fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(body),
      signal: AbortSignal.any([closing.signal, AbortSignal.timeout(SEND_MS_MAX)]),
    });
  }

  return {
    async send(body) {
      const { response, answer } = await post(body)
        .then(async (response) => ({ response, answer: await bounded(response) }))
        .catch((error: unknown) => {
          throw error instanceof NotTaken ? error : new NotTaken('it cannot be reached', true);
        });
      const { ok, status } = response;
      if (!ok) throw new NotTaken(`the receiver answered ${status}`, status === 429 || status >= 500);
      const count = rejectedIn(answer, rejected.field);
      if (count > 0) throw new NotTaken(`the receiver rejected ${count} ${rejected.noun}`, false);
    },
    close: () => closing.abort(new Error('the server stops')),
  };
}

async function bounded(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.byteLength;
    if (bytes > ANSWER_BYTES_MAX) throw new NotTaken('the receiver answered too much', false);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** `partialSuccess` of an OTLP answer. */
function rejectedIn(answer: string, field: string): number {
  try {
    const count = Number(JSON.parse(answer)?.partialSuccess?.[field] ?? 0);
    return Number.isFinite(count) ? count : 0;
  } catch {
    return 0;
  }
}
