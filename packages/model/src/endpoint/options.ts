import { type Clearance, clearanceSchema, PortreeveError } from '@portreeve/contract';
import { z } from 'zod';
import type { Provider } from '../ports.ts';
import type { TokenSource } from './token.ts';

/** What every endpoint over HTTP has. */
export interface EndpointOptions {
  readonly baseURL: string;
  /** The model for prompts that name none. */
  readonly model: string;
  /** Makes the connections; the server passes its egress guard. There is no default, so that nobody goes around it. */
  readonly fetch: typeof globalThis.fetch;
  /** Milliseconds for one attempt, the reading of the answer included. */
  readonly timeout_ms?: number;
  readonly name: string;
  readonly simulated?: boolean;
  /** What this endpoint may receive; by default internal data without special categories. */
  readonly clearance?: Clearance;
}

/** A key that never changes, or what gives a short-lived token. */
export type Credential = string | TokenSource;

const optionsSchema = z.object({
  baseURL: z.url({ protocol: /^https?$/ }),
  model: z.string().min(1).max(128),
  timeout_ms: z.int().min(1).max(3_600_000),
  name: z.string().min(1).max(64),
});

// A value that cannot stand in a header would otherwise fail at the first question.
const keySchema = z.string().regex(/^[\x21-\x7e]{1,16384}$/, 'must be printable ASCII without spaces');

export type CheckedEndpoint = Omit<Provider, 'complete' | 'vendor'> & {
  readonly baseURL: string;
  readonly timeout_ms: number;
};

/** Throws `misconfigured` for options that cannot work; the message never holds a key. */
export function checkEndpoint(options: EndpointOptions): CheckedEndpoint {
  const { baseURL, model, name, timeout_ms = 120_000 } = options;
  refuse(optionsSchema.safeParse({ baseURL, model, timeout_ms, name }));
  const { hostname, port, protocol } = new URL(baseURL);
  return {
    ...{ baseURL, model, name, timeout_ms, simulated: options.simulated ?? false },
    clearance: clearanceSchema.parse(options.clearance ?? { confidentiality: 'internal' }),
    address: { host: hostname, port: Number(port) || (protocol === 'https:' ? 443 : 80) },
  };
}

export function checkKey(apiKey: string): void {
  refuse(z.object({ apiKey: keySchema }).safeParse({ apiKey }));
}

function refuse(checked: { success: boolean; error?: z.ZodError }): void {
  const issue = checked.error?.issues[0];
  if (issue) throw new PortreeveError('misconfigured', `model endpoint: ${issue.path.join('.')} ${issue.message}`);
}
