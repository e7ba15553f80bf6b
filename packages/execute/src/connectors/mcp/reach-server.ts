import { Client, type Transport } from '@modelcontextprotocol/client';
import type { JsonObject, McpServer } from '@portreeve/contract';
import type { Egress } from '../../egress/egress.ts';
import type { VerifiedCall } from '../../verified-call.ts';
import { type Locate, located, NotSendable } from '../ending.ts';
import { httpTransport } from './http-transport.ts';
import type { Sending } from './once.ts';
import { stdioTransport } from './stdio-transport.ts';

export interface Reaching {
  readonly egress: Egress;
  readonly locate?: Locate;
  /** Where commands of stdio servers run. */
  readonly folder: string;
  /** Bytes of all answers to one call at the most: 4 MiB, the list of tools included. */
  readonly answer_bytes_max?: number;
}

export interface Reached {
  readonly server: McpServer;
  readonly credential: string | null;
  /** Whose grant and proof go with a call; null where nothing is called. */
  readonly call: Pick<VerifiedCall, 'token' | 'prove'> | null;
  readonly timeout_ms: number;
  readonly sending: Sending;
}

/** A connection of its own to a server. Throws {@link NotSendable} where its address or credential cannot be used. */
export function transportTo(reaching: Reaching, { server, credential, call, timeout_ms, sending }: Reached): Transport {
  const { egress, folder, answer_bytes_max: bytes_max = 4 * 1024 * 1024, locate = (url) => url } = reaching;
  if (server.transport === 'http') {
    const url = new URL(located(server.url, locate));
    return sending.guard(httpTransport({ url, egress, credential, call, bytes_max, sending }));
  }
  const { command, credential_variable, network = false } = server;
  if (credential !== null && credential_variable === undefined) {
    throw new NotSendable('the binding names no variable for the credential');
  }
  const environment = credential === null ? {} : { [credential_variable!]: credential };
  const cpu_seconds_max = Math.ceil(timeout_ms / 1000) + 5;
  return sending.guard(stdioTransport({ command, folder, environment, cpu_seconds_max, bytes_max, network }));
}

/** Lists that are longer end with an error. */
const LIST_PAGES_MAX = 64;

export function clientOf(capabilities: JsonObject = {}): Client {
  const client = new Client(
    { name: 'portreeve', version: '1' },
    {
      capabilities: capabilities as never,
      versionNegotiation: { mode: 'auto' },
      inputRequired: { autoFulfill: false },
      listMaxPages: LIST_PAGES_MAX,
    },
  );
  // What it cannot read it tells here; the request that waits for it then ends by the deadline or the closing.
  client.onerror = () => undefined;
  return client;
}
