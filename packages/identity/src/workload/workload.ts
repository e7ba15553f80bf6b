import { createHash } from 'node:crypto';
import {
  type AuditWriter,
  actorOf,
  type Clock,
  draft,
  type EnvironmentName,
  fieldErrors,
  httpsUrlSchema,
  PortreeveError,
  type Role,
  trustDomainSchema,
  type UnitOfWork,
  type WorkloadRule,
  type WorkloadRuleInput,
  workloadRuleSchema,
} from '@portreeve/contract';
import { z } from 'zod';
import { principalOf } from '../accounts.ts';
import { boundedFetch, type Fetch } from '../bounded-fetch.ts';
import { boundedJson } from '../bounded-json.ts';
import { type PeekedJwt, peekJwt } from '../compact-jwt.ts';
import { JWKS_LIMITS, jwksAt, type KeySet, WORKLOAD_ALGORITHMS } from '../jwks.ts';
import type { AccessStore, Account, AccountStore } from '../ports.ts';
import { Refused } from '../refusal.ts';
import { verifyJwt } from '../verify-jwt.ts';
import { holds } from './rules.ts';
import { parseSpiffeId } from './spiffe.ts';

/** A token that is good for longer than this is refused: it is a password by another name. */
const LIFETIME_HOURS_MAX = 24;
const CLOCK_TOLERANCE_S = 30;
const SEEN_MAX = 10_000;

const optionsSchema = z.strictObject({
  rules: z.array(workloadRuleSchema).max(200),
  /** What `aud` of a JWT-SVID must be, and alone. */
  spiffe_audience: z.string().min(1).max(256).optional(),
  trust_domains: z.record(trustDomainSchema, z.strictObject({ jwks_uri: httpsUrlSchema })).default({}),
});

export interface WorkloadOptions {
  readonly rules: readonly WorkloadRuleInput[];
  readonly spiffe_audience?: string;
  /** Where each trust domain's keys are. A domain that is not named here is not trusted. */
  readonly trust_domains?: Readonly<Record<string, { readonly jwks_uri: string }>>;
  readonly environment: EnvironmentName;
  /** The issuer of our own access tokens: no rule may name it. */
  readonly own_issuer?: string;
  /** Guarded: it reaches declared hosts alone. */
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly store: Pick<AccountStore, 'accountByName'> & Pick<AccessStore, 'useOnce'>;
  readonly uow: UnitOfWork;
  readonly audit: AuditWriter;
  /** For one answer of an issuer. Default 5000. */
  readonly timeout_ms?: number;
}

export interface IdentifiedWorkload {
  readonly account: Account;
  /** The roles of the rule, where it names some. */
  readonly roles: readonly Role[] | null;
  readonly rule: string;
  readonly expires_at: string;
}

export interface WorkloadIdentity {
  /**
   * The registered account of a workload's token, once `admit` lets that account pass: before that nothing is recorded
   * as signed in or used up. Throws `Refused`, which `authenticate` turns into `not_signed_in`.
   */
  identify(token: string, admit: (account: Account) => Promise<unknown>): Promise<IdentifiedWorkload>;
}

/**
 * Workload identity (requirement B3): tokens of OpenID Connect issuers by rules, and SPIFFE JWT-SVIDs. Throws
 * `misconfigured` where a rule is not usable.
 */
export function createWorkloadIdentity(options: WorkloadOptions): WorkloadIdentity {
  const { fetch, clock, environment, store, uow, audit, timeout_ms } = options;
  const parsed = optionsSchema.safeParse({
    rules: options.rules,
    spiffe_audience: options.spiffe_audience,
    trust_domains: options.trust_domains,
  });
  if (!parsed.success)
    throw new PortreeveError('misconfigured', 'A rule for workload identity is not usable.', {
      errors: fieldErrors(parsed.error),
    });
  const { rules, trust_domains, spiffe_audience } = parsed.data;
  assertUsable(rules, parsed.data, options);

  const keysAt = (url: () => Promise<string>) =>
    jwksAt({ url, fetch, clock, ...(timeout_ms === undefined ? {} : { timeout_ms }) });
  const keysByTrustDomain = new Map(
    Object.entries(trust_domains).map(([domain, { jwks_uri }]) => [domain, keysAt(async () => jwks_uri)]),
  );
  const keysByIssuer = new Map<string, KeySet>();
  for (const rule of rules)
    if (rule.kind === 'oidc' && !keysByIssuer.has(rule.issuer))
      keysByIssuer.set(
        rule.issuer,
        keysAt(
          async () => rule.jwks_uri ?? (await jwksUriOf(rule.issuer, fetch, timeout_ms ?? JWKS_LIMITS.timeout_ms)),
        ),
      );

  const seen = new Set<string>();

  const verified = async (token: string, peeked: PeekedJwt, keys: KeySet, audiences: string[], issuer?: string) => {
    const key = await keys.key(peeked.header.kid, peeked.header.alg);
    const claims = await verifyJwt(token, key, {
      algorithms: WORKLOAD_ALGORITHMS,
      currentDate: clock.now(),
      clockTolerance: CLOCK_TOLERANCE_S,
      requiredClaims: ['exp', 'sub', 'aud'],
      audience: audiences,
      ...(issuer === undefined ? {} : { issuer }),
    });
    // A token that somebody else may use too can come from that somebody.
    if (Array.isArray(claims.aud) && claims.aud.length !== 1) throw new Refused('audience');
    if (claims.exp! * 1000 - clock.now().getTime() > LIFETIME_HOURS_MAX * 3_600_000)
      throw new Refused('too_long_lived');
    if (typeof claims.sub !== 'string' || claims.sub.length > 2048) throw new Refused('subject');
    return claims;
  };

  const byRule = async (token: string) => {
    const peeked = peekJwt(token);
    const type = peeked.header.typ?.toUpperCase();
    // Grants, access tokens and other kinds say what they are; none of them says who a workload is (RFC 8725, 3.11).
    if (type !== undefined && type !== 'JWT' && type !== 'JOSE') throw new Refused('type');
    const svid = parseSpiffeId(peeked.unverified.sub);
    const domainKeys = svid && keysByTrustDomain.get(svid.trust_domain);
    if (domainKeys) {
      // JWT-SVID, 2: no other header.
      if (Object.keys(peeked.header).some((member) => !['alg', 'kid', 'typ'].includes(member)))
        throw new Refused('header');
      const claims = await verified(token, peeked, domainKeys, [spiffe_audience!]);
      const fits = rules.filter(
        (rule) => rule.kind === 'spiffe' && rule.trust_domain === svid.trust_domain && fitsPath(rule, svid.path),
      );
      return { claims, fits, issuer: `spiffe://${svid.trust_domain}` };
    }
    const { iss } = peeked.unverified;
    const keys = typeof iss === 'string' ? keysByIssuer.get(iss) : undefined;
    if (typeof iss !== 'string' || !keys) throw new Refused('issuer');
    const ofIssuer = rules.filter((rule) => rule.kind === 'oidc' && rule.issuer === iss) as Extract<
      WorkloadRule,
      { kind: 'oidc' }
    >[];
    const claims = await verified(token, peeked, keys, [...new Set(ofIssuer.map((rule) => rule.audience))], iss);
    const audience = Array.isArray(claims.aud) ? claims.aud[0] : claims.aud;
    const fits = ofIssuer.filter(
      (rule) => rule.audience === audience && rule.conditions.every((condition) => holds(condition, claims)),
    );
    return { claims, fits, issuer: iss };
  };

  return {
    async identify(token, admit) {
      const { claims, fits, issuer } = await byRule(token);
      const rule = fits[0];
      if (!rule) throw new Refused('no_rule', { about: issuer });
      if (rule.environment !== environment) throw new Refused('environment', { about: rule.name });
      const account = await store.accountByName(rule.account);
      if (!account || account.kind === 'person') throw new Refused('account', { about: rule.name });
      await admit(account);
      const { jti } = claims;
      if (rule.single_use && (typeof jti !== 'string' || jti.length === 0))
        throw new Refused('claims', { about: rule.name });

      const expires_at = new Date(claims.exp! * 1000).toISOString();
      const hash = createHash('sha256').update(token).digest('hex');
      if (rule.single_use || !seen.has(hash))
        await uow.transaction(async (tx) => {
          if (rule.single_use) {
            const key = createHash('sha256').update(`${issuer}\n${jti}`).digest('hex');
            const until = new Date((claims.exp! + CLOCK_TOLERANCE_S) * 1000).toISOString();
            if (!(await store.useOnce(tx, key, until))) throw new Refused('replayed', { about: rule.name });
          }
          await audit.append(tx, [
            draft({
              type: 'identity.workload_signed_in',
              actor: actorOf(principalOf(account)),
              data: { account: account.id, rule: rule.name, issuer, subject: claims.sub!, expires_at },
            }),
          ]);
        });
      if (seen.size >= SEEN_MAX) seen.clear();
      seen.add(hash);
      return { account, roles: rule.roles ?? null, rule: rule.name, expires_at };
    },
  };
}

function fitsPath(rule: Extract<WorkloadRule, { kind: 'spiffe' }>, path: string): boolean {
  return 'equals' in rule.path ? rule.path.equals === path : path.startsWith(rule.path.prefix);
}

function assertUsable(
  rules: readonly WorkloadRule[],
  parsed: z.output<typeof optionsSchema>,
  options: Pick<WorkloadOptions, 'own_issuer'>,
): void {
  const wrong = (detail: string) => new PortreeveError('misconfigured', detail);
  const jwksUriByIssuer = new Map<string, string | undefined>();
  for (const rule of rules) {
    if (rule.kind === 'spiffe') {
      if (!Object.hasOwn(parsed.trust_domains, rule.trust_domain))
        throw wrong(`Rule ${rule.name}: the keys of the trust domain ${rule.trust_domain} are not declared.`);
      if (parsed.spiffe_audience === undefined) throw wrong('`spiffe_audience` is needed for SPIFFE rules.');
      continue;
    }
    if (rule.issuer === options.own_issuer) throw wrong(`Rule ${rule.name}: our own tokens identify no workload.`);
    if (jwksUriByIssuer.has(rule.issuer) && jwksUriByIssuer.get(rule.issuer) !== rule.jwks_uri)
      throw wrong(`The rules for ${rule.issuer} name different key sets.`);
    jwksUriByIssuer.set(rule.issuer, rule.jwks_uri);
  }
  if (new Set(rules.map((rule) => rule.name)).size !== rules.length) throw wrong('Two rules have one name.');
}

const metadataSchema = z.looseObject({ issuer: z.string(), jwks_uri: httpsUrlSchema });

/** OpenID Connect Discovery 1.0, 4: the metadata must name the issuer that was asked. */
async function jwksUriOf(issuer: string, fetch: Fetch, timeout_ms: number): Promise<string> {
  const bounded = boundedFetch(fetch, { bytes_max: JWKS_LIMITS.bytes_max, timeout_ms });
  const response = await bounded(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, {
    headers: { accept: 'application/json' },
  });
  if (response.status !== 200) throw new Error(`the issuer's metadata answered ${response.status}`);
  const metadata = metadataSchema.parse(boundedJson(await response.text(), 8));
  if (metadata.issuer !== issuer) throw new Error('the metadata name another issuer');
  return metadata.jwks_uri;
}
