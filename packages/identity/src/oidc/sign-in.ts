import { createHash, randomBytes } from 'node:crypto';
import {
  type AuditWriter,
  actorOf,
  type Clock,
  draft,
  type EnvironmentName,
  fieldErrors,
  httpsUrlSchema,
  newId,
  PortreeveError,
  type RecordDraft,
  type Role,
  type RoleRule,
  roleRuleSchema,
  SYSTEM_ACTOR,
  type UnitOfWork,
} from '@portreeve/contract';
import { calculatePKCECodeChallenge, randomNonce, randomPKCECodeVerifier, randomState } from 'openid-client';
import { z } from 'zod';
import { accountCreated, principalOf } from '../accounts.ts';
import type { Fetch } from '../bounded-fetch.ts';
import type { Account, ExternalSubject, IdentityStore } from '../ports.ts';
import { Refused, recordRefused } from '../refusal.ts';
import { openSession } from '../sessions.ts';
import { type SignedIn, signedIn } from '../sign-in.ts';
import { checkedRedirectUri, openidProvider } from './provider.ts';
import { rightsFromClaims } from './role-rules.ts';

/** Minutes from `begin` to `finish` at the most. */
export const OIDC_SIGN_IN_MINUTES = 10;
const CALLBACK_CHARS_MAX = 8192;

export interface OidcSignInOptions {
  /** Exactly as the provider's metadata and its ID tokens name it. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret?: string;
  /** Where the provider sends the browser back to. Registered there. */
  readonly redirectUri: string;
  readonly roleRules: readonly RoleRule[];
  /** Scopes besides `openid`. Default: `profile`. */
  readonly scopes?: readonly string[];
  readonly environment: EnvironmentName;
  /** Guarded: it reaches declared hosts alone. */
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly store: IdentityStore;
  readonly uow: UnitOfWork;
  readonly audit: AuditWriter;
  readonly session_ttl_minutes?: number;
  /** For one answer of the provider. Default 5000. */
  readonly timeout_ms?: number;
  /** The one algorithm of ID tokens. Default RS256. */
  readonly id_token_alg?:
    | 'RS256'
    | 'RS384'
    | 'RS512'
    | 'PS256'
    | 'PS384'
    | 'PS512'
    | 'ES256'
    | 'ES384'
    | 'ES512'
    | 'EdDSA';
}

export interface OidcSignIn {
  /**
   * Where to send the browser, and a value for a cookie (`HttpOnly; Secure; SameSite=Lax`, on the callback's path, for
   * ten minutes) that ties the answer to this browser. `fresh`: the provider asks the person anew, whoever is signed in
   * there, and says when it did. Throws `unavailable` where the provider does not answer.
   */
  begin(options?: { readonly fresh?: boolean }): Promise<{ url: string; cookie: string; expires_at: string }>;
  /**
   * Opens a session from the address that the provider sent the browser to and the cookie of `begin`. Each beginning is
   * good for one answer. The person's account is made at the first sign-in and its roles and groups are brought up to
   * date at each. Throws `not_signed_in` for an answer that does not hold, without saying why (the record does);
   * `refused` for a person to whom no rule gives a role; `unavailable` where the provider does not answer.
   */
  finish(callbackUrl: string, cookie: string): Promise<SignedIn>;
  /** Forgets beginnings that were never finished; gives how many. Call it now and then. */
  forgetUnfinished(): Promise<number>;
}

/** Sign-in by OpenID Connect (requirement B1): code flow with PKCE (S256), state, nonce and RFC 9207's `iss`. */
export function createOidcSignIn(options: OidcSignInOptions): OidcSignIn {
  const { clock, store, uow, audit, environment, session_ttl_minutes = 12 * 60, scopes = ['profile'] } = options;
  const rules = z.array(roleRuleSchema).min(1).max(500).safeParse(options.roleRules);
  if (!rules.success)
    throw new PortreeveError('misconfigured', 'The role rules are not usable.', { errors: fieldErrors(rules.error) });
  if (
    !httpsUrlSchema.safeParse(options.issuer).success ||
    (environment === 'production' && !options.issuer.startsWith('https:'))
  )
    throw new PortreeveError('misconfigured', 'The issuer is an https address.');
  const redirect = checkedRedirectUri(options.redirectUri);
  const provider = openidProvider({
    ...options,
    redirectUri: options.redirectUri,
    timeout_ms: options.timeout_ms ?? 5000,
    id_token_alg: options.id_token_alg ?? 'RS256',
  });

  /** What was begun under the answer's state; gone with this call, whatever becomes of it. */
  const take = async (state: string, cookie: string) => {
    const begun = await uow.transaction((tx) => store.takeBegunSignIn(tx, sha256(state)));
    if (!begun) throw new Refused('not_begun');
    if (begun.browser_hash !== sha256(cookie)) throw new Refused('other_browser');
    if (clock.now().getTime() >= Date.parse(begun.expires_at)) throw new Refused('expired');
    return begun;
  };

  const identified = async (callbackUrl: string, cookie: string): Promise<Identified> => {
    if (callbackUrl.length > CALLBACK_CHARS_MAX || cookie.length > 200) throw new Refused('too_large');
    const answer = URL.canParse(callbackUrl, redirect.href) ? new URL(callbackUrl, redirect.href) : null;
    const states = answer?.searchParams.getAll('state') ?? [];
    const [state] = states;
    if (!answer || state === undefined || states.length > 1) throw new Refused('malformed');
    const { nonce, code_verifier } = await take(state, cookie);
    // Only the query is the provider's; the rest of an address can be what a proxy or a `Host` header made of it.
    const callback = new URL(redirect);
    callback.search = answer.search;
    const claims = await provider.claims(callback, { state, nonce, code_verifier });
    const { sub } = claims;
    if (typeof sub !== 'string' || sub.length === 0 || sub.length > 255) throw new Refused('subject');
    const rights = rightsFromClaims(rules.data, claims);
    if (rights.roles.length === 0) throw new Refused('no_role', { about: options.issuer });
    return {
      external: { issuer: options.issuer, subject: sub },
      rights,
      named: nameFrom(claims),
      proven_at: provenAt(claims, clock.now()),
    };
  };

  /** Null where somebody else made the account between the reading and the writing. */
  const open = (who: Identified, found: Account | null): Promise<SignedIn | null> =>
    uow.transaction(async (tx) => {
      const at = clock.now();
      const drafts: RecordDraft[] = [];
      let account = found ?? newAccount(who, at.toISOString());
      if (found === null) {
        if (!(await store.insertAccount(tx, account))) return null;
        drafts.push(accountCreated(account, SYSTEM_ACTOR));
      } else if (!same(account, who.rights)) {
        await store.setRights(tx, account.id, who.rights);
        account = { ...account, ...who.rights };
        drafts.push(
          draft({
            type: 'identity.account_changed',
            actor: actorOf(principalOf(account)),
            data: { account: account.id, ...who.rights },
          }),
        );
      }
      const expires_at = new Date(at.getTime() + session_ttl_minutes * 60_000).toISOString();
      const opened = await openSession({ store, clock, environment }, tx, account, {
        expires_at,
        proven_at: who.proven_at,
      });
      await audit.append(tx, [...drafts, signedIn(opened)]);
      return opened;
    });

  const enter = async (who: Identified): Promise<SignedIn> => {
    // Twice: of two first sign-ins at once one makes the account, and the other finds it the second time.
    for (let i = 0; i < 2; i++) {
      const opened = await open(who, await store.accountBySubject(who.external));
      if (opened) return opened;
    }
    throw new PortreeveError('conflict', 'The account\u2019s name is taken.');
  };

  const newAccount = (who: Identified, created_at: string): Account => {
    const { issuer, subject } = who.external;
    // The end of the name is who they are; the rest is what they are called, and anybody can be called anything.
    const mark = createHash('sha256').update(`${issuer}\n${subject}`).digest('hex').slice(0, 10);
    return {
      id: newId('principal', clock),
      name: `${who.named}.${mark}`,
      kind: 'person',
      ...who.rights,
      password_hash: null,
      signing_key: null,
      external: who.external,
      created_at,
    };
  };

  return {
    async begin({ fresh = false } = {}) {
      const [state, nonce, code_verifier] = [randomState(), randomNonce(), randomPKCECodeVerifier()];
      const cookie = randomBytes(32).toString('base64url');
      const expires_at = new Date(clock.now().getTime() + OIDC_SIGN_IN_MINUTES * 60_000).toISOString();
      const url = await provider
        .authorizationUrl({
          scope: ['openid', ...scopes].join(' '),
          state,
          nonce,
          code_challenge: await calculatePKCECodeChallenge(code_verifier),
          code_challenge_method: 'S256',
          // `auth_time` comes back with `max_age` (OpenID Connect Core 1.0, 2), and is believed over what was asked for.
          ...(fresh ? { prompt: 'login', max_age: '0' } : {}),
        })
        .catch(asError);
      await uow.transaction((tx) =>
        store.insertBegunSignIn(tx, {
          state_hash: sha256(state),
          browser_hash: sha256(cookie),
          nonce,
          code_verifier,
          expires_at,
        }),
      );
      return { url: url.href, cookie, expires_at };
    },

    async finish(callbackUrl, cookie) {
      try {
        return await enter(await identified(callbackUrl, cookie));
      } catch (error) {
        if (error instanceof Refused) await recordRefused({ uow, audit }, 'oidc', error);
        return asError(error);
      }
    },

    forgetUnfinished: () => uow.transaction((tx) => store.forgetBegunSignIns(tx, clock.now().toISOString())),
  };
}

/** A person as the provider named them. */
interface Identified {
  readonly external: ExternalSubject;
  readonly rights: { roles: Role[]; groups: string[] };
  readonly named: string;
  readonly proven_at: string | null;
}

/** What the outside is told. */
function asError(error: unknown): never {
  if (!(error instanceof Refused)) throw error;
  if (error.reason === 'provider_unavailable')
    throw new PortreeveError('unavailable', 'The identity provider does not answer.', { cause: error });
  if (error.reason === 'no_role')
    throw new PortreeveError('refused', 'You are known, but no role here is yours.', {
      next: 'Ask who manages your groups at the identity provider.',
      cause: error,
    });
  throw new PortreeveError('not_signed_in', 'The sign-in was not completed.', {
    next: 'Begin the sign-in again.',
    cause: error,
  });
}

/** `auth_time`, as far as it can be: seconds that are not ahead of our clock. What is not said counts as never. */
function provenAt({ auth_time }: Readonly<Record<string, unknown>>, now: Date): string | null {
  if (typeof auth_time !== 'number' || !Number.isSafeInteger(auth_time) || auth_time <= 0) return null;
  return new Date(Math.min(auth_time * 1000, now.getTime())).toISOString();
}

function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

/** Lower-case words from what the provider calls a person, at most 40 characters. */
function nameFrom(claims: Readonly<Record<string, unknown>>): string {
  const called =
    [claims.preferred_username, claims.email, claims.name].find((value) => typeof value === 'string') ?? '';
  const words = String(called)
    .slice(0, 200)
    .replace(/@.*$/, '')
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .match(/[a-z0-9]+/g);
  const name = (words ?? []).join('-').slice(0, 40).replace(/-+$/, '');
  return /^[a-z]/.test(name) ? name : `person${name === '' ? '' : `-${name}`}`;
}

function same(account: Account, rights: { roles: readonly Role[]; groups: readonly string[] }): boolean {
  return String(account.roles) === String(rights.roles) && String(account.groups) === String(rights.groups);
}
