import { readFile } from 'node:fs/promises';
import type { Clock } from '@portreeve/contract';
import { z } from 'zod';
import { askText, type GuardedFetch, parseJson, type TextAnswer } from './ask-json.ts';
import { SecretStoreError } from './store-error.ts';

/**
 * How this process logs in. The secret half comes from a file that the platform writes (a wrapped secret id, a projected
 * service account token), read anew at each login.
 */
export type VaultAuth =
  | { readonly method: 'approle'; readonly mount?: string; readonly role_id: string; readonly secret_id_file: string }
  | { readonly method: 'jwt'; readonly mount?: string; readonly role: string; readonly jwt_file: string };

export interface VaultSessionOptions {
  readonly fetch: GuardedFetch;
  /** Such as `https://vault.internal:8200`. */
  readonly address: string;
  /** `X-Vault-Namespace`. */
  readonly namespace?: string;
  readonly auth: VaultAuth;
  readonly clock: Clock;
  readonly timeout_ms?: number;
}

export interface VaultSession {
  /** One request below `/v1/` with a token that is valid; logs in where there is none, and once more after a 403. */
  ask(method: 'GET' | 'POST', path: string, body?: object): Promise<TextAnswer>;
  /** Gives the token back. */
  close(): Promise<void>;
}

const loginSchema = z.object({
  auth: z.object({ client_token: z.string().min(1), lease_duration: z.number().min(0), renewable: z.boolean() }),
});

interface Token {
  readonly value: string;
  readonly renewable: boolean;
  /** Milliseconds since the epoch; no token is used in the last third of its life without a renewal. */
  readonly renew_at: number;
  readonly expires_at: number;
}

/** The token of one process on one Vault or OpenBao: one login however many ask at once, renewed before it ends. */
export function vaultSession(options: VaultSessionOptions): VaultSession {
  const { fetch, address, namespace, auth, clock, timeout_ms = 10_000 } = options;
  let token: Token | null = null;
  let getting: Promise<Token> | null = null;

  return {
    async ask(method, path, body) {
      const first = await valid();
      const answer = await send(method, path, body, first.value);
      if (answer.status !== 403) return answer;
      // Refused: the token may have been revoked under us. A second refusal is one.
      if (token === first) token = null;
      return send(method, path, body, (await valid()).value);
    },
    async close() {
      const last = token;
      token = null;
      if (last) await send('POST', 'auth/token/revoke-self', {}, last.value).catch(() => undefined);
    },
  };

  function valid(): Promise<Token> | Token {
    const now = clock.now().getTime();
    if (token && now < token.renew_at) return token;
    getting ??= (token?.renewable && now < token.expires_at ? renew(token) : login())
      .then((fresh) => {
        token = fresh;
        return fresh;
      })
      .finally(() => {
        getting = null;
      });
    return getting;
  }

  async function renew(old: Token): Promise<Token> {
    const answer = await send('POST', 'auth/token/renew-self', {}, old.value);
    return answer.status === 200 ? tokenOf(answer.text, 'the renewal at the vault') : login();
  }

  async function login(): Promise<Token> {
    const mount = auth.mount ?? auth.method;
    const body =
      auth.method === 'approle'
        ? { role_id: auth.role_id, secret_id: await fromFile(auth.secret_id_file) }
        : { role: auth.role, jwt: await fromFile(auth.jwt_file) };
    const answer = await send('POST', `auth/${mount}/login`, body, null);
    if (answer.status !== 200) throw new SecretStoreError(`the login at the vault was answered ${answer.status}`);
    return tokenOf(answer.text, 'the login at the vault');
  }

  function tokenOf(text: string, what: string): Token {
    const parsed = loginSchema.safeParse(parseJson(text, what));
    if (!parsed.success) throw new SecretStoreError(`${what} has not the form of one`);
    const { client_token, lease_duration, renewable } = parsed.data.auth;
    const now = clock.now().getTime();
    // A duration of 0 is a token without an end.
    const life_ms = lease_duration === 0 ? Number.POSITIVE_INFINITY : lease_duration * 1000;
    return { value: client_token, renewable, renew_at: now + (life_ms * 2) / 3, expires_at: now + life_ms };
  }

  function send(method: 'GET' | 'POST', path: string, body: object | undefined, value: string | null) {
    const url = new URL(`/v1/${path}`, address);
    return askText(
      fetch,
      url,
      {
        method,
        headers: {
          'x-vault-request': 'true',
          ...(body ? { 'content-type': 'application/json' } : {}),
          ...(value === null ? {} : { 'x-vault-token': value }),
          ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }),
        },
        ...(body ? { body: JSON.stringify(body) } : {}),
      },
      { what: 'the vault', timeout_ms },
    );
  }
}

async function fromFile(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new SecretStoreError(`${path} cannot be read`);
  });
  if (text.trim() === '') throw new SecretStoreError(`${path} is empty`);
  return text.trim();
}
