import { resolve } from 'node:path';
import { PortreeveError } from '@portreeve/contract';
import { type AwsAuth, createEgress, type Egress, type VaultAuth } from '@portreeve/execute';
import { ruleOf } from './egress.ts';

/** A way out of its own: what reaches this one service reaches nothing else, and nothing else reaches the service. */
export function wayOut(urls: readonly URL[], allowed: boolean): Egress {
  return createEgress({ allow: urls.map(({ href }) => ruleOf(href, allowed)) });
}

/** The same to what holds secrets. Throws `misconfigured` where it would be spoken to without TLS over a network. */
export function secretWayOut(what: string, urls: readonly URL[], allowed: boolean): Egress {
  for (const { protocol, hostname } of urls) {
    if (protocol !== 'https:' && !['localhost', '127.0.0.1', '[::1]'].includes(hostname))
      throw new PortreeveError('misconfigured', `The ${what} at ${hostname} is spoken to without TLS.`, {
        next: 'Give it an https address; plain http is for this machine alone.',
      });
  }
  return wayOut(urls, allowed);
}

/** With its files as whole paths: the configuration names them relative to the project's folder. */
export function vaultAuthIn(folder: string, auth: Loose<VaultAuth>): VaultAuth {
  const whole = withoutUndefined(auth) as VaultAuth;
  return whole.method === 'approle'
    ? { ...whole, secret_id_file: resolve(folder, whole.secret_id_file) }
    : { ...whole, jwt_file: resolve(folder, whole.jwt_file) };
}

export function awsAuthIn(folder: string, auth: AwsAuth): AwsAuth {
  return auth.method === 'keys'
    ? { ...auth, secret_access_key_file: resolve(folder, auth.secret_access_key_file) }
    : { ...auth, token_file: resolve(folder, auth.token_file) };
}

type Loose<T> = T extends object ? { [K in keyof T]: T[K] | undefined } : never;
export type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Optional members that the schema left undefined are left out (`exactOptionalPropertyTypes`). */
export function withoutUndefined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Defined<T>;
}
