import type { GrantClaims } from '@portreeve/contract';
import type { JWTPayload } from 'jose';
import { GrantRefused } from './refused.ts';

/** The `type` of the RFC 9396 authorization detail. */
const DETAIL_TYPE = 'urn:portreeve:grant:tool-call';
/** Members of the grant's context that come as they are. */
const CONTEXT = [
  'proposal',
  'proposal_digest',
  'decision',
  'workflow',
  'release',
  'policy_version',
  'environment',
] as const;
/** Seconds that a grant may live; one that claims more was not made by the rules. */
const TTL_MAX_S = 300;

/** What a verified grant says: who acted for whom, who agreed, and where to look it up. */
export interface GrantInfo {
  /** The grant's id (`jti`). */
  readonly id: string;
  readonly issuer: string;
  /** Whose right it is: a principal's id. */
  readonly subject: string;
  /** Who acted for the subject, such as `agent:incident-summary`; `null` if it acted itself. */
  readonly actor: string | null;
  /** The workload that was to make the call. */
  readonly workload: string;
  /** The RFC 7638 thumbprint of the key that the grant is bound to, and that the call was proved with. */
  readonly executor_key: string;
  readonly tool: string;
  readonly tool_version: string;
  /** The run that it belongs to; `null` for an action outside a run. */
  readonly run: string | null;
  readonly proposal: string;
  readonly proposal_digest: string;
  readonly decision: string;
  readonly approvals: readonly string[];
  /** The people who approved; empty where policy asked for nobody. */
  readonly approvers: readonly string[];
  readonly workflow: string;
  readonly release: string;
  readonly policy_version: string;
  readonly environment: string;
  readonly args_digest: string;
  readonly issued_at: Date;
  readonly expires_at: Date;
}

/** Reads the claims of a token whose signature was verified. Throws {@link GrantRefused} `malformed`. */
export function readInfo(payload: JWTPayload): GrantInfo {
  const claims = payload as unknown as Partial<GrantClaims>;
  const details = list(claims.authorization_details);
  const detail = record(details[0]);
  const actions = list(detail.actions).map(text);
  const context = record(claims.tctx);
  const issued = seconds(claims.iat);
  const expires = seconds(claims.exp);
  seconds(claims.nbf);
  const transaction = text(claims.txn);
  const tool = text(claims.scope);
  if (details.length !== 1 || detail.type !== DETAIL_TYPE || detail.max_uses !== 1) throw malformed();
  if (actions.length !== 1 || actions[0] !== tool || expires - issued > TTL_MAX_S) throw malformed();
  return {
    id: text(claims.jti),
    issuer: text(claims.iss),
    subject: text(claims.sub),
    actor: claims.act === undefined ? null : text(record(claims.act).sub),
    workload: text(claims.req_wl),
    executor_key: text(record(claims.cnf).jkt),
    tool,
    tool_version: text(detail.tool_version),
    run: transaction.startsWith('run_') ? transaction : null,
    approvals: list(context.approvals).map(text),
    approvers: list(context.approvers).map(text),
    ...(Object.fromEntries(CONTEXT.map((name) => [name, text(context[name])])) as Pick<
      GrantInfo,
      (typeof CONTEXT)[number]
    >),
    args_digest: text(detail.args_digest),
    issued_at: new Date(issued * 1000),
    expires_at: new Date(expires * 1000),
  };
}

function malformed(): GrantRefused {
  return new GrantRefused('malformed', 'The grant does not have the claims of a grant.');
}

function text(value: unknown): string {
  if (typeof value !== 'string' || value === '' || value.length > 512) throw malformed();
  return value;
}

function seconds(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > 8e12) throw malformed();
  return value;
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value) || value.length > 256) throw malformed();
  return value;
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed();
  return value as Record<string, unknown>;
}
