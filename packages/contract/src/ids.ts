import { z } from 'zod';
import type { Clock } from './clock.ts';
import { nonceBytes } from './nonce-bytes.ts';

/** Every kind of id that Portreeve makes, with its prefix. The prefix is part of the id everywhere, logs included. */
export const ID_PREFIXES = {
  principal: 'prn',
  session: 'ses',
  token: 'tok',
  run: 'run',
  value: 'val',
  evidence: 'ev',
  call: 'call',
  proposal: 'prop',
  decision: 'dec',
  approval: 'appr',
  verdict: 'ver',
  grant: 'grt',
  execution: 'exec',
  handoff: 'hand',
  record: 'rec',
  key: 'key',
  erasure: 'ers',
  hold: 'hold',
  agent_session: 'ags',
  passkey: 'pk',
  approval_delegation: 'apdl',
  reveal: 'rvl',
  backup: 'bkp',
  change: 'chg',
} as const;

export type IdKind = keyof typeof ID_PREFIXES;

declare const idKind: unique symbol;
/** An id of one kind: `RunId` and `GrantId` are not interchangeable. */
export type Id<K extends IdKind> = string & { readonly [idKind]: K };

export type PrincipalId = Id<'principal'>;
export type SessionId = Id<'session'>;
export type TokenId = Id<'token'>;
export type RunId = Id<'run'>;
export type ValueId = Id<'value'>;
export type EvidenceId = Id<'evidence'>;
export type CallId = Id<'call'>;
export type ProposalId = Id<'proposal'>;
export type DecisionId = Id<'decision'>;
export type ApprovalId = Id<'approval'>;
export type VerdictId = Id<'verdict'>;
export type GrantId = Id<'grant'>;
export type ExecutionId = Id<'execution'>;
export type HandoffId = Id<'handoff'>;
export type RecordId = Id<'record'>;
export type KeyId = Id<'key'>;
export type ErasureId = Id<'erasure'>;
export type HoldId = Id<'hold'>;
export type AgentSessionId = Id<'agent_session'>;
export type PasskeyId = Id<'passkey'>;
export type ApprovalDelegationId = Id<'approval_delegation'>;
export type RevealId = Id<'reveal'>;
export type BackupId = Id<'backup'>;
export type ChangeId = Id<'change'>;

/** Accepts `<prefix>_<1 to 64 of [a-z0-9_-]>`; the narrow alphabet keeps ids safe in paths, logs and SQL. */
export function idSchema<K extends IdKind>(kind: K): z.ZodType<Id<K>, string> {
  const pattern = new RegExp(`^${ID_PREFIXES[kind]}_[a-z0-9_-]{1,64}$`);
  // A cast and not a transform: what is only a string keeps its JSON Schema in the API's description.
  return z.string().regex(pattern, `expected an id such as ${ID_PREFIXES[kind]}_…`) as unknown as z.ZodType<
    Id<K>,
    string
  >;
}

/** Trusts the caller that `value` was checked before (it was made by {@link newId} or read back from the store). */
export function asId<K extends IdKind>(kind: K, value: string): Id<K> {
  if (!value.startsWith(`${ID_PREFIXES[kind]}_`))
    throw new TypeError(`not an id of kind ${kind}: ${value.slice(0, 80)}`);
  return value as Id<K>;
}

const CROCKFORD = '0123456789abcdefghjkmnpqrstvwxyz';

/**
 * A new id: 48 bits of milliseconds, then 80 random bits, in Crockford base 32 (the layout of ULID), so that ids sort by
 * the time they were made.
 */
export function newId<K extends IdKind>(kind: K, clock: Clock): Id<K> {
  let time = clock.now().getTime();
  let stamp = '';
  for (let i = 0; i < 10; i++) {
    stamp = CROCKFORD[time % 32] + stamp;
    time = Math.floor(time / 32);
  }
  let tail = '';
  for (const byte of nonceBytes(16)) tail += CROCKFORD[byte % 32];
  return `${ID_PREFIXES[kind]}_${stamp}${tail}` as Id<K>;
}

/** When {@link newId} made an id, to the millisecond. Throws a `TypeError` for one that it has not made. */
export function timeOfId(id: Id<IdKind>): Date {
  const stamp = /^[a-z]+_([0-9a-hjkmnp-tv-z]{26})$/.exec(id)?.[1]?.slice(0, 10);
  if (stamp === undefined) throw new TypeError(`not an id with a time: ${id.slice(0, 80)}`);
  return new Date([...stamp].reduce((time, digit) => time * 32 + CROCKFORD.indexOf(digit), 0));
}

/** A name that people write: workflows, tools, sources, prompts. */
export const nameSchema = z
  .string()
  .regex(/^[a-z][a-z0-9]*([-_][a-z0-9]+)*$/, 'use lower-case words joined by - or _')
  .max(64);
