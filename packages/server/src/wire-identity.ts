import type { AuditLogs } from '@portreeve/audit';
import {
  type Clock,
  draft,
  type IdentityConfig,
  PortreeveError,
  type ProjectConfig,
  SYSTEM_ACTOR,
} from '@portreeve/contract';
import { createEgress, type EgressRule } from '@portreeve/execute';
import {
  type AccessTokens,
  type AgentHooks,
  createAccessTokens,
  createIdentity,
  createOidcSignIn,
  createWorkloadIdentity,
  type Identity,
  type OidcSignIn,
} from '@portreeve/identity';
import { openAccessKeyring } from './config/access-keys.ts';
import { proxyOf, ruleOf } from './config/egress.ts';
import type { Secrets } from './config/secrets.ts';
import { allowsLocalAccounts } from './config/who-signs-in.ts';
import type { Database } from './store/database.ts';
import { identityStore } from './store/identity.ts';

export interface WiredIdentity {
  readonly identity: Identity;
  readonly accessTokens: AccessTokens;
  readonly oidcByName: ReadonlyMap<string, OidcSignIn>;
  /**
   * Makes the first signing key, and the next one in time, publishes them to the other processes, and forgets what no longer counts. Call it before anybody can
   * ask, and then often.
   */
  tidy(): Promise<void>;
  close(): Promise<void>;
}

/** Joins identity to its store, its keys, and to the identity providers of the configuration: to those and nowhere else. */
export async function wireIdentity(options: {
  readonly database: Database;
  readonly audit: AuditLogs;
  readonly clock: Clock;
  readonly config: ProjectConfig;
  readonly secrets: Pick<Secrets, 'read'>;
  readonly stateFolder: string;
  /** The name of this process, under which its keys are published. */
  readonly instance: string;
  readonly agentHooks: AgentHooks;
}): Promise<WiredIdentity> {
  const { database, audit, clock, config, secrets, stateFolder, instance, agentHooks } = options;
  const { environment } = config;
  const { base_url, oidc, workload, access_tokens, session_minutes } = config.identity;
  const store = identityStore(database);
  const deps = { store, uow: database, audit, clock, environment };

  const keyring = await openAccessKeyring({ ...access_tokens, stateFolder, environment, clock });
  const rotate = () =>
    keyring.rotate((data) =>
      audit.record([
        draft({ type: 'key.created', actor: SYSTEM_ACTOR, data: { ...data }, key: `key:${data.public_key}` }),
      ]),
    );
  const accessTokens = createAccessTokens({
    ...{ ...deps, instance },
    issuer: base_url,
    audience: access_tokens.audience ?? base_url,
    resources: [mcpResource(config)],
    keys: () => keyring.keys(),
  });

  const egress = createEgress({ allow: issuerRules(config.identity), proxy: proxyOf(config, secrets) });
  const { fetch } = egress;
  const { rules, spiffe_audience, trust_domains } = workload;
  const identity = createIdentity({
    ...deps,
    allowLocalAccounts: allowsLocalAccounts(config),
    session_ttl_minutes: session_minutes,
    accessTokens,
    access_token_ttl_s: access_tokens.ttl_s,
    agentHooks,
    ...(rules.length === 0
      ? {}
      : {
          workload: createWorkloadIdentity({
            ...deps,
            ...{ rules, trust_domains, own_issuer: base_url, fetch },
            ...(spiffe_audience === undefined ? {} : { spiffe_audience }),
          }),
        }),
  });
  const oidcByName = new Map<string, OidcSignIn>();
  for (const { name, client_id, client_secret, role_rules, ...provider } of oidc) {
    const clientSecret = client_secret === undefined ? undefined : await secrets.read(client_secret);
    if (clientSecret === null)
      throw new PortreeveError('misconfigured', `identity.oidc: there is no secret ${client_secret} for ${name}.`, {
        next: `Store the client secret of ${name}: portreeve secrets set ${client_secret}`,
      });
    oidcByName.set(
      name,
      createOidcSignIn({
        ...deps,
        issuer: provider.issuer,
        scopes: provider.scopes,
        id_token_alg: provider.id_token_alg,
        clientId: client_id,
        ...(clientSecret === undefined ? {} : { clientSecret }),
        redirectUri: `${base_url}/v1/oidc/${name}/callback`,
        roleRules: role_rules,
        session_ttl_minutes: session_minutes,
        fetch,
      }),
    );
  }

  return {
    identity,
    accessTokens,
    oidcByName,
    async tidy() {
      // What signs stays known to the others also where its successor cannot be made.
      await rotate().finally(() => accessTokens.publish());
      await accessTokens.forgetOld();
      await identity.forgetOldAttempts();
      for (const provider of oidcByName.values()) await provider.forgetUnfinished();
    },
    close: () => egress.close(),
  };
}

/** The MCP endpoint as a resource (RFC 8707): tokens for it are good for nothing else, and others are not good for it. */
export const mcpResource = ({ identity }: Pick<ProjectConfig, 'identity'>): string => `${identity.base_url}/mcp`;

/** The hosts of issuers and of their keys. What tools and sources may reach is another list. */
function issuerRules({ oidc, workload }: IdentityConfig): EgressRule[] {
  const privateHosts = new Set(workload.private_hosts);
  const rule = (address: string, isPrivate: boolean): EgressRule => {
    const { protocol, origin } = new URL(address);
    // Http is for the loopback alone (`httpsUrlSchema`), and that is a private address.
    return ruleOf(address, isPrivate || protocol === 'http:' || privateHosts.has(origin));
  };
  return [
    ...oidc.flatMap(({ issuer, hosts, private: isPrivate }) => [issuer, ...hosts].map((each) => rule(each, isPrivate))),
    ...workload.rules.flatMap((each) =>
      each.kind === 'oidc'
        ? [each.issuer, ...(each.jwks_uri ? [each.jwks_uri] : [])].map((url) => rule(url, false))
        : [],
    ),
    ...Object.values(workload.trust_domains).map(({ jwks_uri }) => rule(jwks_uri, false)),
    ...[...workload.hosts, ...workload.private_hosts].map((each) => rule(each, false)),
  ];
}
