import { resolve } from 'node:path';
import type { Role } from '@portreeve/contract';
import type { LocalAccount } from '@portreeve/server';
import { Client } from './client.ts';
import { UsageError } from './failure.ts';

export interface GlobalOptions {
  readonly json?: boolean;
  readonly server?: string;
  readonly state: string;
  readonly as?: string;
}

export interface SignedInClient {
  readonly client: Client;
  readonly name: string;
  /** Known where one signed in with a password; signing needs it. */
  readonly password: string | null;
  readonly principal: { readonly id: string; readonly name: string };
}

/** The address of the server: named, or that of the Portreeve that runs on the state folder, or the default one. */
export async function serverUrl(options: GlobalOptions): Promise<string> {
  const named = options.server ?? process.env.PORTREEVE_URL;
  if (named) return named;
  const { readHolder } = await import('@portreeve/server');
  return (await readHolder(resolve(options.state)))?.url ?? 'http://127.0.0.1:7410';
}

/**
 * Signs in: with `PORTREEVE_TOKEN`, with `--as NAME` (or `PORTREEVE_USER`) and a password, or, on a laptop, as the local
 * account that has the role which the command needs.
 */
export async function signIn(options: GlobalOptions, role: Role): Promise<SignedInClient> {
  const url = await serverUrl(options);
  if (process.env.PORTREEVE_TOKEN) {
    const client = new Client(url, process.env.PORTREEVE_TOKEN);
    const { principal } = await client.call('GET', '/v1/session');
    return { client, name: principal.name, password: process.env.PORTREEVE_PASSWORD ?? null, principal };
  }
  const { name, password } = await credentials(options, role);
  const session = await new Client(url, null).call('POST', '/v1/sessions', { name, password });
  return { client: new Client(url, session.token), name, password, principal: session.principal };
}

/** As {@link signIn}, for who needs no name: the token of an agent may be made for another resource than the API. */
export async function clientOf(options: GlobalOptions, role: Role): Promise<Client> {
  const token = process.env.PORTREEVE_TOKEN;
  return token ? new Client(await serverUrl(options), token) : (await signIn(options, role)).client;
}

async function credentials(options: GlobalOptions, role: Role): Promise<{ name: string; password: string }> {
  const { readLocalAccounts } = await import('@portreeve/server');
  const accounts: LocalAccount[] = (await readLocalAccounts(resolve(options.state))) ?? [];
  const name = options.as ?? process.env.PORTREEVE_USER;
  const local = name
    ? accounts.find((account) => account.name === name)
    : accounts.find((account) => account.roles.includes(role));
  if (local) return local;
  if (!name) {
    throw new UsageError(
      'Say who you are: --as NAME, or PORTREEVE_TOKEN. There are no local accounts in this state folder: `portreeve up` makes them, --state names another folder.',
    );
  }
  const password = process.env.PORTREEVE_PASSWORD ?? (await askPassword(name));
  return { name, password };
}

async function askPassword(name: string): Promise<string> {
  if (!process.stdin.isTTY)
    throw new UsageError(`There is no terminal to ask for the password of ${name}: set PORTREEVE_PASSWORD.`);
  const { isCancel, password } = await import('@clack/prompts');
  const answer = await password({ message: `Password of ${name}` });
  if (isCancel(answer)) throw new UsageError('Cancelled.');
  return answer;
}
