import { openNote, parseCheckpoint, verifyInclusion, verifyReceipt } from '@portreeve/verify/log';
import type { Answer } from '../api/client.ts';

/** One step of a check: what was looked at, and whether it holds. */
export interface Step {
  readonly what: string;
  readonly ok: boolean;
  readonly detail: string;
}

const PINNED = 'portreeve.log-key';

/** The key itself, without the name of the log: every log of a house is signed by the same one. */
const keyOf = (vkey: string): string => vkey.split('+').slice(2).join('+');

/**
 * Whether this is the key that this browser saw first. A server that shows another log to one person would have to show it
 * from the beginning; an auditor compares the key with one that came another way.
 */
export function pinnedKey(vkey: string): Step {
  const before = localStorage.getItem(PINNED);
  if (before === null) localStorage.setItem(PINNED, keyOf(vkey));
  const ok = before === null || before === keyOf(vkey);
  return {
    what: 'The log’s key is the one that this browser knows',
    ok,
    detail: before === null ? 'It is remembered from now on: compare it with one that came to you another way.' : vkey,
  };
}

/** Checks one receipt here, with the code that `portreeve-verify` runs offline; the server is asked for nothing. */
export async function checkReceipt(
  receipt: Answer<'GET /v1/audit/proof/:place'>,
  shown: { readonly entry: object; readonly payload: unknown },
): Promise<readonly Step[]> {
  const result = await verifyReceipt(receipt.proof, receipt.entry, [receipt.vkey], receipt.payload);
  const same = JSON.stringify(sorted(JSON.parse(receipt.entry))) === JSON.stringify(sorted(shown.entry));
  return [
    {
      what: 'The record stands in the signed log, with this content',
      ok: result.ok,
      detail: result.problem ?? `At index ${result.index} of ${result.size} in ${result.origin}`,
    },
    {
      what: 'What this page shows is what was proved',
      ok: same,
      detail: same ? 'Entry and page agree.' : 'The page shows another entry than the proof is for.',
    },
    pinnedKey(receipt.vkey),
  ];
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, sorted(each)]),
  );
}

type ReplayAnswer = Answer<'GET /v1/audit/replay/:run'>;

export interface CheckedReplay {
  /** Null: everything holds. */
  readonly fault: string | null;
  readonly faults: ReadonlyMap<number, string>;
  readonly size: number | null;
}

/** Checks every record of a run against the one checkpoint that came with them. */
export async function checkReplay(replay: ReplayAnswer): Promise<CheckedReplay> {
  const note = await openNote(replay.checkpoint, [replay.vkey]);
  const checkpoint = note.ok ? parseCheckpoint(note.text) : null;
  if (!checkpoint) return { fault: 'The checkpoint is not signed by the log’s key.', faults: new Map(), size: null };
  const faults = new Map<number, string>();
  let before = -1;
  for (const record of replay.records) {
    const fault = await faultOf(record, replay.run, checkpoint, before);
    if (fault) faults.set(record.index, fault);
    before = record.index;
  }
  const { size } = checkpoint;
  if (faults.size === 0) return { fault: null, faults, size };
  return { fault: `${faults.size} of ${replay.records.length} records are not as they were recorded.`, faults, size };
}

async function faultOf(
  record: ReplayAnswer['records'][number],
  run: string,
  checkpoint: { readonly origin: string; readonly size: number; readonly root: Uint8Array },
  before: number,
): Promise<string | null> {
  const { index, entry: text } = record;
  const proof = record.path.map((hash) => Uint8Array.from(atob(hash), (character) => character.charCodeAt(0)));
  if (!verifyInclusion({ entry: text, index, ...checkpoint, proof }))
    return 'it does not stand in the signed log as it is shown';
  const entry = JSON.parse(text) as { index: number; log: string; refs: { run?: string }; payload_digest: string };
  if (entry.index !== index || entry.log !== checkpoint.origin) return 'it names another place than its own';
  if (entry.refs.run !== run) return 'it belongs to another run';
  if (index <= before) return 'it is not in its order';
  if (record.payload === null) return null;
  const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(record.payload));
  const digest = `sha256:${Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
  return digest === entry.payload_digest ? null : 'its content is not what was recorded';
}
