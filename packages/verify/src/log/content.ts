import { type ApprovalChecks, approvalChecks } from './approvals.ts';
import { type Entry, isPayloadOf } from './entry.ts';
import { type ErasureChecks, erasureChecks } from './erasures.ts';
import type { PasskeyHome } from './passkey.ts';
import type { Registrations } from './registrations.ts';
import { keyOf, readVerdict, type SignedVerdict, verifyVerdict } from './verdict.ts';

/** What has been seen so far in the records of one export. */
export interface ContentChecks {
  records: number;
  payloads_missing: number;
  verdicts: number;
  verdicts_by_registered_key: number;
  time: number;
  readonly signingKeysByAccount: Map<string, string>;
  /** Where each account's passkeys sign, by their public keys: those that are enrolled at this place of the log. */
  readonly passkeysByAccount: Map<string, Map<string, Enrolled>>;
  /** Each verdict in the order of the log, where it was asked for. */
  readonly proved: ProvedVerdict[] | null;
  readonly erasures: ErasureChecks;
  readonly approvals: ApprovalChecks;
  /** What the logs of one house say of keys, for each other. */
  readonly registrations: Registrations | null;
}

interface Enrolled extends PasskeyHome {
  readonly id: unknown;
}

/** One verdict whose signature verifies. */
export interface ProvedVerdict {
  readonly index: number;
  readonly approval: string;
  readonly proposal_digest: string;
  readonly verdict: string;
  readonly approver: string;
  readonly by: 'key' | 'passkey';
  /** Whether this log registers that key for that person, at this place. */
  readonly registered: boolean;
}

export function newContentChecks(
  options: { readonly approvals?: boolean; readonly registrations?: Registrations } = {},
): ContentChecks {
  return {
    records: 0,
    payloads_missing: 0,
    verdicts: 0,
    verdicts_by_registered_key: 0,
    time: Number.NEGATIVE_INFINITY,
    signingKeysByAccount: new Map(),
    passkeysByAccount: new Map(),
    proved: options.approvals ? [] : null,
    erasures: erasureChecks(),
    approvals: approvalChecks(),
    registrations: options.registrations ?? null,
  };
}

interface Finding {
  readonly kind: 'clock' | 'changed_payload' | 'bad_verdict';
  readonly index: number;
  readonly problem: string;
}

/** Checks what an entry says of itself and of its payload. `whole`: no record of the log was left out so far. */
export async function checkContent(
  checks: ContentChecks,
  entry: Entry,
  payload: unknown,
  whole: boolean,
): Promise<Finding | null> {
  const { index } = entry;
  const time = Date.parse(entry.time);
  if (time < checks.time)
    return { kind: 'clock', index, problem: `the time of record ${index} is before that of the record before it` };
  checks.time = time;
  checks.records++;
  if (payload === null) {
    checks.payloads_missing++;
    checks.erasures.see(entry, null);
    checks.approvals.see(entry, null);
    return null;
  }
  if (!isPayloadOf(entry, payload))
    return {
      kind: 'changed_payload',
      index,
      problem: `the payload of record ${index} is not the one that was recorded`,
    };
  checks.erasures.see(entry, payload);
  checks.approvals.see(entry, payload);
  const { data } = payload;
  learnKey(checks, entry.type, data);
  checks.registrations?.learn(entry.type, data, time);
  return entry.type === 'approval.verdict' ? checkVerdict(checks, entry, data.verdict, whole) : null;
}

async function checkVerdict(
  checks: ContentChecks,
  entry: Entry,
  value: unknown,
  whole: boolean,
): Promise<Finding | null> {
  const { index, refs } = entry;
  const signed = readVerdict(value);
  const home = signed ? homeOf(checks, signed) : null;
  if (!signed || !(await verifyVerdict(signed, home)))
    return { kind: 'bad_verdict', index, problem: `the signature of the verdict in record ${index} does not verify` };
  const { statement } = signed;
  const elsewhere =
    (refs.approval !== undefined && refs.approval !== statement.approval) ||
    (refs.proposal !== undefined && refs.proposal !== statement.proposal);
  if (elsewhere)
    return { kind: 'bad_verdict', index, problem: `the verdict in record ${index} was signed for another approval` };
  const fault = checks.approvals.fault(statement, whole);
  if (fault !== null) return { kind: 'bad_verdict', index, problem: `the verdict in record ${index} ${fault}` };
  checks.verdicts++;
  const by = 'passkey' in signed ? 'passkey' : 'key';
  const registered =
    by === 'passkey'
      ? home !== null
      : checks.signingKeysByAccount.get(statement.approver) === keyOf(signed) ||
        (checks.registrations?.isSigningKey(statement.approver, keyOf(signed), checks.time) ?? false);
  if (registered) checks.verdicts_by_registered_key++;
  const { approval, proposal_digest, verdict, approver } = statement;
  checks.proved?.push({ index, approval, proposal_digest, verdict, approver, by, registered });
  return null;
}

/** Where the passkey of a verdict signs, as this log says, or another one of the house. */
function homeOf(checks: ContentChecks, signed: SignedVerdict): PasskeyHome | null {
  const { approver } = signed.statement;
  const own = checks.passkeysByAccount.get(approver)?.get(keyOf(signed));
  return own ?? checks.registrations?.passkeyHome(approver, keyOf(signed), checks.time) ?? null;
}

/** What a record says of whose key is whose from then on. */
function learnKey(checks: ContentChecks, type: string, data: Readonly<Record<string, unknown>>): void {
  const { account, signing_key, public_key, passkey, rp_id, origin } = data;
  if (typeof account !== 'string') return;
  if (type === 'identity.account_created' && typeof signing_key === 'string')
    checks.signingKeysByAccount.set(account, signing_key);
  if (type === 'identity.signing_key_registered' && typeof public_key === 'string')
    checks.signingKeysByAccount.set(account, public_key);
  const own = checks.passkeysByAccount.get(account) ?? new Map<string, Enrolled>();
  if (type === 'identity.passkey_enrolled' && typeof public_key === 'string')
    checks.passkeysByAccount.set(
      account,
      own.set(public_key, { id: passkey, rp_id: String(rp_id), origin: String(origin) }),
    );
  if (type === 'identity.passkey_revoked') for (const [key, { id }] of own) if (id === passkey) own.delete(key);
}
