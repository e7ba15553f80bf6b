import { fromBase64 } from './bytes.ts';
import { isPayloadOf, readEntry } from './entry.ts';
import { type NoteFault, parseCheckpoint } from './note.ts';
import { openTrusted, type Trust } from './policy.ts';
import { verifyInclusion } from './tree.ts';

const FIRST_LINE = 'c2sp.org/tlog-proof@v1';
/** A tree of 2^53 leaves has no longer path. */
const PATH_MAX = 53;

export interface Proof {
  readonly index: number;
  readonly path: readonly Uint8Array[];
  /** The signed note of the checkpoint. */
  readonly checkpoint: string;
}

/** Reads a `c2sp.org/tlog-proof@v1` text; `null` for any other. Its extra data is unsigned, and passed over. */
export function parseProof(text: string): Proof | null {
  const blank = text.indexOf('\n\n');
  const lines = blank < 0 ? [] : text.slice(0, blank).split('\n');
  if (lines.shift() !== FIRST_LINE) return null;
  if (lines[0]?.startsWith('extra ')) lines.shift();
  const index = /^index (0|[1-9][0-9]{0,15})$/.exec(lines.shift() ?? '')?.[1];
  if (index === undefined || lines.length > PATH_MAX) return null;
  const path: Uint8Array[] = [];
  for (const line of lines) {
    const hash = fromBase64(line);
    if (hash?.length !== 32) return null;
    path.push(hash);
  }
  return { index: Number(index), path, checkpoint: text.slice(blank + 2) };
}

export type ReceiptProblem = NoteFault | 'not_included' | 'changed_entry' | 'changed_payload';

export interface ReceiptResult {
  readonly ok: boolean;
  readonly kind: ReceiptProblem | null;
  readonly problem: string | null;
  /** What was proved; `null` where nothing was. */
  readonly index: number | null;
  readonly size: number | null;
  readonly origin: string | null;
}

/**
 * Checks a receipt without the server: that `entry` stands in the log at the index that it names, under a checkpoint
 * that one of the keys signed, or that a policy accepts. Pass the payload as well to check that it is the one that the entry binds.
 */
export async function verifyReceipt(
  proofText: string,
  entryText: string,
  trust: Trust,
  payload?: unknown,
): Promise<ReceiptResult> {
  const proof = parseProof(proofText);
  if (!proof) return refuse('malformed', 'the proof is not a c2sp.org/tlog-proof@v1');
  const opened = await openTrusted(proof.checkpoint, trust);
  if (!opened.ok) return refuse(opened.fault, NOTE_PROBLEMS[opened.fault]);
  const checkpoint = parseCheckpoint(opened.text);
  if (!checkpoint) return refuse('malformed', 'the signed note is not a checkpoint');
  if (!verifyInclusion({ entry: entryText, index: proof.index, ...checkpoint, proof: proof.path }))
    return refuse('not_included', 'the entry does not stand in the signed log at this index');
  const entry = readEntry(entryText);
  if (!entry || entry.index !== proof.index || entry.log !== checkpoint.origin)
    return refuse('changed_entry', 'the entry names another place than the one that it has');
  if (payload !== undefined && payload !== null && !isPayloadOf(entry, payload))
    return refuse('changed_payload', 'the payload is not the one that the entry binds');
  return { ok: true, kind: null, problem: null, index: proof.index, size: checkpoint.size, origin: checkpoint.origin };
}

export const NOTE_PROBLEMS: Readonly<Record<NoteFault, string>> = {
  malformed: 'the checkpoint is not a signed note',
  wrong_key: 'the checkpoint is not signed by an expected key',
  bad_signature: 'a signature of the checkpoint does not verify',
  no_quorum: 'the checkpoint is not cosigned by as many witnesses as the policy asks for',
};

function refuse(kind: ReceiptProblem, problem: string): ReceiptResult {
  return { ok: false, kind, problem, index: null, size: null, origin: null };
}
