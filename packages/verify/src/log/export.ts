import { equal, fromBase64, toBase64 } from './bytes.ts';
import { type ContentChecks, checkContent, newContentChecks, type ProvedVerdict } from './content.ts';
import { type Entry, readEntry } from './entry.ts';
import { LineTooLong, linesOf } from './lines.ts';
import { type Checkpoint, type NoteFault, parseCheckpoint } from './note.ts';
import { openTrusted, type Policy, type Trust } from './policy.ts';
import { NOTE_PROBLEMS, parseProof, verifyReceipt } from './receipt.ts';
import type { Registrations } from './registrations.ts';
import { leafHash, RootBuilder } from './tree.ts';

export interface ExportInput {
  /** `entries.jsonl`, whole or in pieces. */
  readonly entries: string | AsyncIterable<string>;
  readonly checkpoint: string;
  /** `log.vkey` of the export. */
  readonly vkey: string;
  /** The keys that the checkpoint must be signed by, known from elsewhere. Without them the export vouches for itself. */
  readonly expectedVkeys?: readonly string[];
  /** In their place: whose signatures and cosignatures are believed. */
  readonly policy?: Policy;
  /** Names each verdict, and takes one by a key that these records do not register for its approver for a fault. */
  readonly approvals?: boolean;
  /** Shared by the checks of several logs of one house, the main one first: who has which key is said there alone. */
  readonly registrations?: Registrations;
  /** What is checked never held payloads, as a folder of tiles. */
  readonly without_payloads?: boolean;
}

export type ExportProblem =
  | NoteFault
  | 'changed_entry'
  | 'changed_payload'
  | 'missing_payload'
  | 'returned_payload'
  | 'changed_leaf'
  | 'changed_tile'
  | 'missing'
  | 'inserted'
  | 'reordered'
  | 'truncated'
  | 'forked'
  | 'clock'
  | 'not_included'
  | 'bad_verdict';

export interface ExportResult {
  readonly ok: boolean;
  readonly kind: ExportProblem | null;
  readonly problem: string | null;
  /** The first record that is not as it was signed; `null` where none is, or where the checkpoint itself is wrong. */
  readonly first_bad_index: number | null;
  /** Whether every record up to the checkpoint is here, and not only selected ones. */
  readonly complete: boolean;
  readonly origin: string | null;
  /** Records that the checkpoint covers. */
  readonly size: number | null;
  /** The Merkle root, in base64. */
  readonly root: string | null;
  /** Records that were checked. */
  readonly records: number;
  /** Records whose payload is not in the export. */
  readonly payloads_missing: number;
  /**
   * Of these, those of which no record here says that they were erased. In a whole export the first of them is a fault; a
   * selection may lack the records that say so.
   */
  readonly payloads_unexplained: number;
  /** Signed verdicts that verify, and how many of them by the key that this log registers for the approver. */
  readonly verdicts: number;
  readonly verdicts_by_registered_key: number;
  /** Each verdict, where that was asked for. */
  readonly proved?: readonly ProvedVerdict[];
  /** The key that signed the checkpoint. */
  readonly key: string | null;
  /** Further keys whose signatures or cosignatures it carries, of those that were given. */
  readonly cosigned_by: readonly string[];
  /** Whether that key was expected, and not only found in the export. */
  readonly key_expected: boolean;
}

interface Finding {
  readonly kind: ExportProblem;
  readonly index: number | null;
  readonly problem: string;
}

/**
 * Checks an export with nothing but its files: the checkpoint's signature, the tree over all entries (or the proof of
 * each selected one), every payload against its entry, the order in index and time, and the signatures of verdicts.
 * Reads the entries once and keeps none. Throws `BadVerifierKey`.
 */
export async function verifyExport(input: ExportInput): Promise<ExportResult> {
  const expected = input.expectedVkeys ?? [];
  const trust = input.policy ?? (expected.length > 0 ? expected : [input.vkey.trim()]);
  const opened = await openTrusted(input.checkpoint, trust);
  const checkpoint = opened.ok ? parseCheckpoint(opened.text) : null;
  if (!checkpoint) {
    const kind = opened.ok ? 'malformed' : opened.fault;
    return result({ kind, index: null, problem: NOTE_PROBLEMS[kind] }, null, newContentChecks(), {});
  }
  const { registrations } = input;
  const content = newContentChecks({
    approvals: input.approvals === true,
    ...(registrations ? { registrations } : {}),
  });
  const scan = new ExportScan(input.checkpoint, checkpoint, trust, content, input.without_payloads ?? false);
  let finding: Finding | null;
  try {
    finding = await scan.run(linesOf(input.entries));
  } catch (error) {
    if (!(error instanceof LineTooLong)) throw error;
    finding = { kind: 'malformed', index: scan.content.records, problem: error.message };
  }
  return result(finding ?? strangeKey(content), checkpoint, content, {
    complete: scan.complete && finding === null,
    key: opened.ok ? opened.signed_by[0]! : null,
    cosigned_by: opened.ok ? opened.signed_by.slice(1) : [],
    key_expected: input.policy !== undefined || expected.length > 0,
  });
}

/** A verdict by a key that nobody registered proves nothing about its approver. */
function strangeKey({ proved }: ContentChecks): Finding | null {
  const strange = proved?.find(({ registered }) => !registered);
  if (!strange) return null;
  const problem = `the verdict in record ${strange.index} is by a key that these records do not register for its approver`;
  return { kind: 'bad_verdict', index: strange.index, problem };
}

class ExportScan {
  readonly content: ContentChecks;
  complete = true;
  readonly #note: string;
  readonly #checkpoint: Checkpoint;
  readonly #trust: Trust;
  readonly #tree = new RootBuilder();
  /** The tree over the leaf hashes that the export states: if it is the signed one, they tell which entry is not. */
  readonly #stated = new RootBuilder();
  #differs: number | null = null;
  readonly #withoutPayloads: boolean;
  #last = -1;

  constructor(note: string, checkpoint: Checkpoint, trust: Trust, content: ContentChecks, withoutPayloads: boolean) {
    this.content = content;
    this.#withoutPayloads = withoutPayloads;
    this.#note = note;
    this.#checkpoint = checkpoint;
    this.#trust = trust;
  }

  async run(lines: AsyncIterable<string>): Promise<Finding | null> {
    let number = 0;
    let found: Finding | null = null;
    for await (const text of lines) {
      // After a gap the rest is only counted: the count tells a missing record from a moved one.
      found ??= await this.#line(number, text);
      if (found && found.kind !== 'missing') return this.#earlier(found);
      number++;
    }
    if (found) {
      const moved = number >= this.#checkpoint.size && this.complete;
      return this.#earlier(moved ? { ...found, kind: 'reordered' } : found);
    }
    return this.complete ? this.#whole(number) : null;
  }

  async #line(number: number, text: string): Promise<Finding | null> {
    const line = parseLine(text);
    if (!line)
      return { kind: 'malformed', index: this.complete ? number : null, problem: `line ${number + 1} is no record` };
    if (number === 0) this.complete = line.proof === undefined;
    const entry = readEntry(line.entry);
    if (this.complete) {
      const place = this.#place(number, line.entry, line.leaf, entry);
      if (place) return place;
    } else {
      const proved = await this.#proved(number, line.entry, line.proof);
      if (proved) return proved;
    }
    if (entry?.log !== this.#checkpoint.origin)
      return { kind: 'changed_entry', index: number, problem: `record ${number} is not an entry of this log` };
    this.#last = entry.index;
    return checkContent(this.content, entry, line.payload, this.complete);
  }

  #place(number: number, text: string, leaf: string | undefined, entry: Entry | null): Finding | null {
    if (number >= this.#checkpoint.size)
      return { kind: 'inserted', index: number, problem: `record ${number} lies beyond what was signed` };
    const hash = leafHash(text);
    const stated = leaf === undefined ? hash : fromBase64(leaf);
    if (stated?.length !== 32)
      return { kind: 'malformed', index: number, problem: `the leaf hash of record ${number} is none` };
    if (entry && entry.index > number)
      return { kind: 'missing', index: number, problem: `record ${number} is not there` };
    if (entry && entry.index < number)
      return { kind: 'reordered', index: number, problem: `at index ${number} lies the record ${entry.index}` };
    if (!equal(stated, hash)) this.#differs ??= number;
    this.#tree.add(hash);
    this.#stated.add(stated);
    return null;
  }

  async #proved(number: number, entry: string, proof: string | undefined): Promise<Finding | null> {
    const parsed = proof === undefined ? null : parseProof(proof);
    if (!parsed || parsed.checkpoint !== this.#note)
      return { kind: 'malformed', index: null, problem: `line ${number + 1} has no proof under the checkpoint` };
    const receipt = await verifyReceipt(proof!, entry, this.#trust);
    if (!receipt.ok) return { kind: receipt.kind as ExportProblem, index: parsed.index, problem: receipt.problem! };
    if (parsed.index <= this.#last)
      return {
        kind: 'reordered',
        index: parsed.index,
        problem: `record ${parsed.index} comes after record ${this.#last}`,
      };
    return null;
  }

  #whole(lines: number): Finding | null {
    const { size, root } = this.#checkpoint;
    if (lines < size)
      return this.#earlier({
        kind: 'truncated',
        index: lines,
        problem: `the checkpoint covers ${size} records, and ${lines} are here`,
      });
    const right = equal(this.#tree.root(), root);
    if (right && this.#differs !== null)
      return {
        kind: 'changed_leaf',
        index: this.#differs,
        problem: `the stated hash of record ${this.#differs} is wrong; the record itself is as signed`,
      };
    if (right) return this.#withoutPayloads ? null : this.content.erasures.finding();
    if (this.#differs !== null) return this.#earlier({ kind: 'changed_entry', index: this.#differs, problem: '' });
    return {
      kind: 'forked',
      index: 0,
      problem: `the tree of these ${size} records is not the one that was signed: which record was replaced cannot be told`,
    };
  }

  /** An entry that does not have its stated hash is reported before what was found behind it. */
  #earlier(finding: Finding): Finding {
    if (this.#differs === null || (finding.index !== null && finding.index < this.#differs)) return finding;
    const sure = this.#tree.count === this.#checkpoint.size && equal(this.#stated.root(), this.#checkpoint.root);
    const problem = `record ${this.#differs} is not ${sure ? 'the one that was signed' : 'what the export states'}`;
    return { kind: 'changed_entry', index: this.#differs, problem };
  }
}

interface Line {
  readonly entry: string;
  readonly payload: unknown;
  readonly leaf?: string;
  readonly proof?: string;
}

function parseLine(text: string): Line | null {
  try {
    const line = JSON.parse(text) as Line | null;
    const optional = (value: unknown) => value === undefined || typeof value === 'string';
    const formed = typeof line?.entry === 'string' && optional(line.leaf) && optional(line.proof);
    return formed && line.payload !== undefined ? line : null;
  } catch {
    return null;
  }
}

function result(
  finding: Finding | null,
  checkpoint: Checkpoint | null,
  content: ContentChecks,
  more: { complete?: boolean; key?: string | null; cosigned_by?: readonly string[]; key_expected?: boolean },
): ExportResult {
  return {
    ok: finding === null,
    kind: finding?.kind ?? null,
    problem: finding?.problem ?? null,
    first_bad_index: finding?.index ?? null,
    complete: more.complete ?? false,
    origin: checkpoint?.origin ?? null,
    size: checkpoint?.size ?? null,
    root: checkpoint ? toBase64(checkpoint.root) : null,
    records: content.records,
    payloads_missing: content.payloads_missing,
    payloads_unexplained: content.erasures.unexplained(),
    verdicts: content.verdicts,
    verdicts_by_registered_key: content.verdicts_by_registered_key,
    ...(content.proved ? { proved: content.proved } : {}),
    key: more.key ?? null,
    cosigned_by: more.cosigned_by ?? [],
    key_expected: more.key_expected ?? false,
  };
}
