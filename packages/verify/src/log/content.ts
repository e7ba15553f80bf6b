import { type ApprovalChecks, approvalChecks } from './approvals.ts';
import { type Entry, isPayloadOf } from './entry.ts';
import { type ErasureChecks, erasureChecks } from './erasures.ts';
import { readVerdict, verifyVerdict } from './verdict.ts';

/** What has been seen so far in the records of one export. */
export interface ContentChecks {
  records: number;
  payloads_missing: number;
  verdicts: number;
  verdicts_by_registered_key: number;
  time: number;
  readonly signingKeysByAccount: Map<string, string>;
  readonly erasures: ErasureChecks;
  readonly approvals: ApprovalChecks;
}

export function newContentChecks(): ContentChecks {
  return {
    records: 0,
    payloads_missing: 0,
    verdicts: 0,
    verdicts_by_registered_key: 0,
    time: Number.NEGATIVE_INFINITY,
    signingKeysByAccount: new Map(),
    erasures: erasureChecks(),
    approvals: approvalChecks(),
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
  if (entry.type === 'identity.account_created' && typeof data.account === 'string') {
    if (typeof data.signing_key === 'string') checks.signingKeysByAccount.set(data.account, data.signing_key);
    return null;
  }
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
  if (!signed || !(await verifyVerdict(signed)))
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
  if (checks.signingKeysByAccount.get(statement.approver) === signed.public_key) checks.verdicts_by_registered_key++;
  return null;
}
