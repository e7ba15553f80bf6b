import { type Clock, idSchema, type McpUpstream, type Principal, type PrincipalId } from '@portreeve/contract';
import {
  CredentialUnavailable,
  type ExchangedToken,
  type ExchangeWish,
  type SecretStore,
  SecretStoreError,
} from '@portreeve/execute';

/** The name under which a caller's own token for an upstream is asked for; no secret of a store has one like it. */
export const exchangedName = (upstream: string, principal: PrincipalId): string => `exchange-${upstream}-${principal}`;

/** A token is not used up to its last second, and never longer than this: rights that end upstream are felt here soon. */
const MARGIN_S = 30;
const KEPT_S_MAX = 300;
const KEPT_MAX = 1000;

export interface ExchangeDeps {
  readonly upstreams: readonly McpUpstream[];
  readonly clock: Clock;
  /** Who it is as they stand now; null where they may act no more. */
  readonly whoIs: (id: PrincipalId) => Promise<Principal | null>;
  /** A statement of ours for one token endpoint. */
  readonly subjectToken: (who: Principal, endpoint: string) => Promise<string>;
  readonly secret: (name: string) => Promise<string | null>;
  /** Where an address of the configuration is. */
  readonly locate: (url: string) => string | null;
  readonly exchange: (wish: ExchangeWish, what: string) => Promise<ExchangedToken>;
}

/**
 * A secret store that also knows the callers' own tokens for upstreams, each by an exchange (RFC 8693, requirement B4). A
 * token is kept in memory for minutes at the most and no longer than it lives; the person is looked at each time. A failure
 * is `CredentialUnavailable` with a sentence of ours, so that the call ends before anything was sent.
 */
export function withExchanges(store: SecretStore, deps: ExchangeDeps): SecretStore {
  const { clock } = deps;
  const kept = new Map<string, { readonly token: string; readonly until: number }>();
  const asking = new Map<string, Promise<string>>();
  const exchanging = deps.upstreams.filter(({ credentials }) => credentials !== undefined);
  if (exchanging.length === 0) return store;

  async function tokenFor(upstream: McpUpstream, id: PrincipalId, name: string): Promise<string> {
    const who = await deps.whoIs(id);
    if (!who) throw new CredentialUnavailable(`whoever asked for ${upstream.name} may act no more`);
    const found = kept.get(name);
    if (found && found.until > clock.now().getTime()) return found.token;
    // Many calls at once are one exchange.
    const now = asking.get(name) ?? ask(upstream, who, name).finally(() => asking.delete(name));
    asking.set(name, now);
    return now;
  }

  async function ask({ name: upstream, credentials }: McpUpstream, who: Principal, name: string): Promise<string> {
    const what = `the token exchange for ${upstream}`;
    const { token_endpoint, client_id, client_secret, audience, resource, scope } = credentials!.exchange;
    const endpoint = deps.locate(token_endpoint);
    if (endpoint === null) throw new CredentialUnavailable(`${what}: its token endpoint is no configured system`);
    const secret = await deps.secret(client_secret);
    if (secret === null) throw new CredentialUnavailable(`${what}: there is no secret ${client_secret}`);
    const began = clock.now().getTime();
    const subject_token = await deps.subjectToken(who, endpoint);
    const client = { id: client_id, secret };
    const wish = { endpoint: new URL(endpoint), client, subject_token, audience, resource, scope };
    const { token, expires_in } = await deps.exchange(wish, what).catch((error: unknown) => {
      throw new CredentialUnavailable(error instanceof SecretStoreError ? error.message : `${what} could not be made`);
    });
    const seconds = Math.min((expires_in ?? 0) - MARGIN_S, KEPT_S_MAX);
    kept.delete(name);
    if (seconds > 0) kept.set(name, { token, until: began + seconds * 1000 });
    if (kept.size > KEPT_MAX) kept.delete(kept.keys().next().value as string);
    return token;
  }

  return {
    ...store,
    async fetch(name) {
      const upstream = exchanging.find((each) => name.startsWith(`exchange-${each.name}-prn_`));
      if (!upstream) return store.fetch(name);
      const id = idSchema('principal').parse(name.slice(`exchange-${upstream.name}-`.length));
      return { value: await tokenFor(upstream, id, name), lease: null };
    },
  };
}
