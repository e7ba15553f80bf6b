import { isPortreeveError } from '@portreeve/contract';
import { detachedBelow } from './detached.ts';
import { erasedKeys } from './erased-keys.ts';
import type { OpenedRecord } from './keys/sealer.ts';
import { EMPTY_ROOT, Frontier, leafHash } from './merkle.ts';
import { type IndexedRecord, type NodeRange, type RecordColumns, TILE_HEIGHT } from './ports.ts';
import type { AuditReader } from './reader.ts';
import { frontierAt } from './stored-tree.ts';
import { signedRoots } from './verify-checkpoints.ts';
import { checkBeside, readEntry } from './verify-record.ts';

export type VerifyKind =
  | 'changed_entry'
  | 'changed_payload'
  | 'missing_payload'
  | 'changed_column'
  | 'changed_node'
  | 'missing'
  | 'inserted'
  | 'reordered'
  | 'truncated'
  | 'forked'
  | 'clock'
  | 'wrong_key'
  | 'bad_signature'
  | 'bad_checkpoint';

export interface VerifyReport {
  readonly ok: boolean;
  /** Records that the log holds. */
  readonly size: number;
  /**
   * The records below this index were detached and cannot be looked at; their hashes are there and were checked against
   * what was signed since. 0 where all records are in the database.
   */
  readonly detached_below: number;
  /** The first record that is not as it was; `null` where none is, or where only a checkpoint is wrong. */
  readonly first_bad_index: number | null;
  readonly problem: string | null;
  readonly kind: VerifyKind | null;
  /** Checkpoints that were compared. */
  readonly checkpoints: number;
  /** Records whose payload was erased, as a record of this log says. They are as they should be. */
  readonly erased: number;
  /** The tree up to which everything is right. */
  readonly verified: VerifiedTree;
}

export interface VerifyOptions {
  /** Called after each thousand or so records. */
  readonly onProgress?: (progress: { checked: number; size: number }) => void;
  /** Checkpoints of this log that were kept elsewhere: they show a log that was cut off or rewritten as a whole. */
  readonly anchors?: readonly string[];
  /** What an earlier run found right: this one begins behind it, and takes the records before as that run left them. */
  readonly from?: VerifiedTree;
  /** Checks so many records at the most; the next run goes on `from` {@link VerifyReport.verified}. */
  readonly limit?: number;
}

/** A tree whose records were all checked. */
export interface VerifiedTree {
  readonly size: number;
  /** Its root, in base64. */
  readonly root: string;
  /** Checkpoints that cover no more than it, from the first on: they were opened, and are not opened again. */
  readonly checkpoints?: number;
}

export interface Finding {
  readonly kind: VerifyKind;
  readonly index: number | null;
  readonly problem: string;
}

const PAGE = 1024;
/** Pages that are read before they are needed. */
const READ_AHEAD = 3;

/**
 * Recomputes everything from the stored bytes and names the first record that is not as it was appended. It reads and
 * compares; it changes nothing.
 */
export async function verifyLog(
  store: AuditReader,
  log: string,
  vkeys: readonly string[],
  options: VerifyOptions,
): Promise<VerifyReport> {
  // Checkpoints first: what is appended while this runs can then only make the log longer than they say.
  const signed = await signedRoots(store, log, vkeys, options.anchors ?? [], options.from?.checkpoints);
  const { size } = await store.head(null, log);
  const detached = await detachedBelow(store, log);
  const begin = await openFrom(store, log, size, { from: options.from ?? null, detached });
  const end = options.limit === undefined ? size : Math.min(size, begin.tree.size + options.limit);
  const before = begin.tree.clone();
  const scan = new Scan(store, log, { size, end, tree: begin.tree, time: begin.time }, signed.rootsBySize);
  const finding =
    begin.finding ??
    (await scan.run(options.onProgress)) ??
    (end === size ? await truncated(store, log, size, signed.largest) : null) ??
    signed.problem;
  // What was found may lie before what was read last: then nothing of this run counts.
  const right = finding && scan.tree.size > (finding.index ?? 0) ? before : scan.tree;
  return {
    ok: finding === null,
    size,
    detached_below: detached,
    first_bad_index: finding?.index ?? null,
    problem: finding?.problem ?? null,
    kind: finding?.kind ?? null,
    checkpoints: signed.count,
    erased: scan.erased,
    verified: {
      size: right.size,
      root: Buffer.from(right.root()).toString('base64'),
      // What is wrong with checkpoints is found again by whoever goes on from here.
      checkpoints: signed.problem ? 0 : signed.upTo(right.size),
    },
  };
}

/**
 * Where an earlier run ended: its tree must still be the beginning of the stored one. Without one, and where what it saw
 * was detached since, the first record that is in the database; the stored nodes are the tree before it.
 */
async function openFrom(
  store: AuditReader,
  log: string,
  size: number,
  { from, detached }: { readonly from: VerifiedTree | null; readonly detached: number },
): Promise<{ tree: Frontier; time: string | null; finding: Finding | null }> {
  if (!from || from.size <= detached)
    return { tree: await frontierAt(store, null, log, detached), time: null, finding: null };
  const start = { tree: new Frontier(), time: null };
  if (from.size > size) {
    const problem = `${from.size} records were verified before, and ${size} are left`;
    return { ...start, finding: { kind: 'truncated', index: size, problem } };
  }
  const last = await store.record(log, from.size - 1);
  const tree = await frontierAt(store, null, log, from.size).catch((error: unknown) => {
    if (isPortreeveError(error, 'log_broken')) return null;
    throw error;
  });
  if (tree && Buffer.from(tree.root()).toString('base64') === from.root)
    return { tree, time: (last && readEntry(last.entry)?.time) ?? null, finding: null };
  const problem = `the first ${from.size} records are not those that were verified before: verify the log from its beginning`;
  return { ...start, finding: { kind: 'forked', index: null, problem } };
}

async function truncated(store: AuditReader, log: string, size: number, signedSize: number): Promise<Finding | null> {
  if (size < signedSize)
    return {
      kind: 'truncated',
      index: size,
      problem: `a checkpoint for ${signedSize} records was signed, and ${size} are left`,
    };
  const [beyond] = await store.indexed(log, size, 1);
  // Asked in this order, because an append may just have committed.
  if (beyond && !(await store.record(log, beyond.index)))
    return {
      kind: 'truncated',
      index: size,
      problem: `a record ${beyond.index} is filed for searches, and it has been removed`,
    };
  return null;
}

/** What is read of the store for one step of the scan. */
interface Page {
  readonly from: number;
  readonly to: number;
  readonly rows: readonly OpenedRecord[];
  readonly nodes: ReadonlyMap<string, Uint8Array>;
  readonly filed: ReadonlyMap<number, RecordColumns>;
}

class Scan {
  readonly tree: Frontier;
  readonly #store: AuditReader;
  readonly #log: string;
  readonly #size: number;
  readonly #end: number;
  readonly #roots: ReadonlyMap<number, Uint8Array>;
  #erasedKeys: ReadonlySet<string> | null = null;
  /** Records seen so far whose payload was erased. */
  erased = 0;
  #matched: number;
  #time: string | null;

  constructor(
    store: AuditReader,
    log: string,
    place: { readonly size: number; readonly end: number; readonly tree: Frontier; readonly time: string | null },
    roots: ReadonlyMap<number, Uint8Array>,
  ) {
    this.#store = store;
    this.#log = log;
    this.#size = place.size;
    this.#end = place.end;
    this.tree = place.tree;
    this.#matched = place.tree.size;
    this.#time = place.time;
    this.#roots = roots;
  }

  async run(onProgress: VerifyOptions['onProgress']): Promise<Finding | null> {
    const empty = this.#roots.get(0);
    if (empty && Buffer.compare(empty, EMPTY_ROOT) !== 0) return this.#forked(0);
    // Pages are read ahead: the database works while this process hashes.
    const ahead: Promise<Page>[] = [];
    let next = this.tree.size;
    while (this.tree.size < this.#end) {
      for (; ahead.length < READ_AHEAD && next < this.#end; next += PAGE) {
        const page = this.#page(next, Math.min(next + PAGE, this.#end));
        // Whoever finds something leaves the rest unread.
        page.catch(() => undefined);
        ahead.push(page);
      }
      const page = await ahead.shift()!;
      for (let index = page.from; index < page.to; index++) {
        const finding = await this.#record(index, page.rows[index - page.from], page.nodes, page.filed);
        if (finding) return finding;
      }
      onProgress?.({ checked: page.to, size: this.#size });
    }
    return null;
  }

  async #page(from: number, to: number): Promise<Page> {
    const [rows, nodes, filed] = await Promise.all([
      this.#store.records(this.#log, from, to - from),
      this.#nodes(from, to),
      this.#store.indexed(this.#log, from, to - from),
    ]);
    return { from, to, rows, nodes, filed: columnsByIndex(filed) };
  }

  async #record(
    index: number,
    row: OpenedRecord | undefined,
    nodes: ReadonlyMap<string, Uint8Array>,
    filed: ReadonlyMap<number, RecordColumns>,
  ): Promise<Finding | null> {
    if (row?.index !== index) return { kind: 'missing', index, problem: `record ${index} has been removed` };
    const entry = readEntry(row.entry);
    if (entry && entry.log === this.#log && entry.index === index - 1)
      return {
        kind: 'inserted',
        index: index - 1,
        problem: `record ${index - 1} was put in: what was recorded there now lies behind it`,
      };
    if (entry && entry.log === this.#log && entry.index !== index)
      return { kind: 'reordered', index, problem: `at index ${index} lies the record ${entry.index}` };
    const leaf = leafHash(row.entry);
    const stored = nodes.get(`0/${index}`);
    if (!stored || Buffer.compare(stored, leaf) !== 0) return this.#disputed(index, stored !== undefined);
    if (entry?.log !== this.#log)
      return { kind: 'changed_entry', index, problem: `record ${index} is not an entry of this log` };
    const columns = filed.get(index) ?? null;
    this.#erasedKeys ??= await erasedKeys(this.#store, this.#log);
    let beside = checkBeside(row, entry, columns, this.#time, this.#erasedKeys);
    if (beside?.kind === 'missing_payload') {
      // It may have been erased since this began.
      this.#erasedKeys = await erasedKeys(this.#store, this.#log);
      beside = checkBeside(row, entry, columns, this.#time, this.#erasedKeys);
    }
    if (beside) return beside;
    if (row.payload === null) this.erased++;
    this.#time = entry.time;
    for (const node of this.tree.push(leaf)) {
      if (node.level === 0 || node.level % TILE_HEIGHT !== 0) continue;
      const found = nodes.get(`${node.level}/${node.index}`);
      if (found && Buffer.compare(found, node.hash) === 0) continue;
      const first = node.index * 2 ** node.level;
      const problem = `the tree node over the records ${first} to ${index} is ${found ? 'changed' : 'missing'}`;
      return { kind: 'changed_node', index: first, problem };
    }
    const root = this.#roots.get(index + 1);
    if (!root) return null;
    if (Buffer.compare(root, this.tree.root()) !== 0) return this.#forked(index + 1);
    this.#matched = index + 1;
    return null;
  }

  /** Records, nodes and payloads agree with each other and not with what was signed: all were rewritten together. */
  #forked(size: number): Finding {
    const range =
      size - 1 > this.#matched ? `one of the records ${this.#matched} to ${size - 1}` : `record ${size - 1}`;
    return {
      kind: 'forked',
      index: size === 0 ? null : this.#matched,
      problem: `the tree of ${size} records is not the one that was signed: ${range} was replaced together with its tree`,
    };
  }

  /** A record and its stored leaf hash differ: what was signed later says which of them is as it was. */
  async #disputed(index: number, hasNode: boolean): Promise<Finding> {
    const next = await this.#store.record(this.#log, index + 1);
    if (next && readEntry(next.entry)?.index === index)
      return {
        kind: 'inserted',
        index,
        problem: `record ${index} was put in: what was recorded there now lies behind it`,
      };
    const recordsAgree = await this.#agreesWithNextRoot(index);
    if (recordsAgree) {
      const what = hasNode ? 'changed' : 'removed';
      return {
        kind: 'changed_node',
        index,
        problem: `the stored hash of record ${index} was ${what}; the record is as signed`,
      };
    }
    if (!hasNode)
      return {
        kind: 'inserted',
        index,
        problem: `record ${index} was not appended through the log: its tree node is missing`,
      };
    return { kind: 'changed_entry', index, problem: `record ${index} is not what was appended` };
  }

  async #agreesWithNextRoot(index: number): Promise<boolean> {
    const sizes = [...this.#roots.keys()].filter((size) => size > index && size <= this.#size);
    if (sizes.length === 0) return false;
    const end = Math.min(...sizes);
    const tree = this.tree.clone();
    while (tree.size < end) {
      const rows = await this.#store.records(this.#log, tree.size, Math.min(PAGE, end - tree.size));
      if (rows.length === 0) return false;
      for (const row of rows) {
        if (row.index !== tree.size) return false;
        tree.push(leafHash(row.entry));
      }
    }
    return Buffer.compare(tree.root(), this.#roots.get(end)!) === 0;
  }

  /** Every stored node that a record from `from` up to `to` completes. */
  async #nodes(from: number, to: number): Promise<Map<string, Uint8Array>> {
    const ranges: NodeRange[] = [];
    for (let level = 0; 2 ** level <= to; level += TILE_HEIGHT) {
      const range = { level, from: Math.floor(from / 2 ** level), to: Math.floor(to / 2 ** level) };
      if (range.from < range.to) ranges.push(range);
    }
    const nodes = await this.#store.nodes(null, this.#log, ranges);
    return new Map(nodes.map((node) => [`${node.level}/${node.index}`, node.hash]));
  }
}

function columnsByIndex(filed: readonly IndexedRecord[]): Map<number, RecordColumns> {
  return new Map(filed.map(({ index, columns }) => [index, columns]));
}
