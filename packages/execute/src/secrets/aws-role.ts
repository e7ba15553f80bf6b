import { readFile } from 'node:fs/promises';
import type { Clock } from '@portreeve/contract';
import { askText, type GuardedFetch } from './ask-json.ts';
import { SecretStoreError } from './store-error.ts';

/**
 * How this process is known to AWS. `web-identity`: a role that is assumed with a token which the platform writes into a
 * file (EKS, or any OIDC issuer that the account trusts). `keys`: a long-lived key, its secret half in a file.
 */
export type AwsAuth =
  | { readonly method: 'web-identity'; readonly role_arn: string; readonly token_file: string }
  | { readonly method: 'keys'; readonly access_key_id: string; readonly secret_access_key_file: string };

export interface AwsIdentity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Milliseconds before its end at which a session is not used any more. */
const MARGIN_MS = 5 * 60_000;
/** Seconds that a session is asked for: the shortest that STS gives. */
const SESSION_S = 900;

/** The credentials to sign with, of a session that lives on for minutes. One request however many ask at once. */
export function awsIdentity(options: {
  readonly fetch: GuardedFetch;
  readonly auth: AwsAuth;
  /** The address of STS. */
  readonly sts: URL;
  readonly clock: Clock;
  readonly timeout_ms: number;
}): { get(): Promise<AwsIdentity>; forget(): void } {
  const { fetch, auth, sts, clock, timeout_ms } = options;
  let session: { readonly identity: AwsIdentity; readonly expires_at: number } | null = null;
  let getting: Promise<AwsIdentity> | null = null;

  return {
    get() {
      if (session && clock.now().getTime() < session.expires_at - MARGIN_MS) return Promise.resolve(session.identity);
      getting ??= (auth.method === 'keys' ? fromFile(auth) : assume(auth)).finally(() => {
        getting = null;
      });
      return getting;
    },
    forget() {
      session = null;
    },
  };

  async function fromFile({
    access_key_id,
    secret_access_key_file,
  }: AwsAuth & { method: 'keys' }): Promise<AwsIdentity> {
    // Read for each use: a rotated key is seen by the next call.
    return { accessKeyId: access_key_id, secretAccessKey: await fileText(secret_access_key_file) };
  }

  /** AssumeRoleWithWebIdentity: it is not signed; the token is the proof. */
  async function assume({ role_arn, token_file }: AwsAuth & { method: 'web-identity' }): Promise<AwsIdentity> {
    const form = new URLSearchParams({
      Action: 'AssumeRoleWithWebIdentity',
      Version: '2011-06-15',
      RoleArn: role_arn,
      RoleSessionName: 'portreeve',
      WebIdentityToken: await fileText(token_file),
      DurationSeconds: String(SESSION_S),
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const { status, text } = await askText(
      fetch,
      sts,
      { method: 'POST', headers, body: form.toString() },
      { what: 'AWS STS', timeout_ms },
    );
    if (status !== 200) throw new SecretStoreError(`AWS STS answered ${status}`);
    // XML of a fixed form whose values hold no markup: four elements are taken out, and anything else is refused.
    const element = (name: string, form: string): string => {
      const found = new RegExp(`<${name}>(${form})</${name}>`).exec(text)?.[1];
      if (found === undefined) throw new SecretStoreError('the answer of AWS STS has not the form of a session');
      return found;
    };
    const identity = {
      accessKeyId: element('AccessKeyId', '[A-Z0-9]{16,128}'),
      secretAccessKey: element('SecretAccessKey', '[A-Za-z0-9/+=]{1,512}'),
      sessionToken: element('SessionToken', '[A-Za-z0-9/+=_-]{1,8192}'),
    };
    session = { identity, expires_at: Date.parse(element('Expiration', '[0-9TZ:.+-]{1,40}')) };
    return identity;
  }
}

async function fileText(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new SecretStoreError(`${path} cannot be read`);
  });
  if (text.trim() === '') throw new SecretStoreError(`${path} is empty`);
  return text.trim();
}
