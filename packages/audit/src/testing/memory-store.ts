import type { RecordEntry } from '@portreeve/contract';
import { columnsOf } from '../columns.ts';
import type {
  AuditStore,
  IndexedRecord,
  Lead,
  NewCosignature,
  NewRecord,
  PendingRecord,
  StagedRecord,
  StoredCheckpoint,
  StoredNode,
  StoredRecord,
  StoreSearch,
  StoreSort,
} from '../ports.ts';

interface Filed extends IndexedRecord {
  words: string;
  readonly keys: readonly string[];
}

interface MemoryLog {
  readonly staged: (PendingRecord & { readonly key: string | null })[];
  readonly keys: Set<string>;
  readonly records: NewRecord[];
  readonly filed: Filed[];
  readonly nodes: Map<string, StoredNode>;
  readonly checkpoints: StoredCheckpoint[];
  readonly cosigned: NewCosignature[];
}

/**
 * A store in memory. Pass it to `memoryUnitOfWork`, which runs transactions one after the other: what a transaction
 * stages is seen when it commits.
 */
export function memoryAuditStore(): AuditStore & {
  snapshot(): () => void;
  commit(): void;
  failWith(error: Error | null): void;
} {
  const logs = new Map<string, MemoryLog>();
  let open: { readonly log: string; readonly record: StagedRecord }[] = [];
  let failure: Error | null = null;
  let ids = 0;
  const of = (log: string): MemoryLog => {
    const found = logs.get(log) ?? {
      staged: [],
      keys: new Set(),
      records: [],
      filed: [],
      nodes: new Map(),
      checkpoints: [],
      cosigned: [],
    };
    logs.set(log, found);
    return found;
  };
  const lead = (log: string, signal: AbortSignal): Lead => ({
    async pending(limit) {
      return of(log).staged.slice(0, limit);
    },
    async append({ from, records, nodes, pending }) {
      if (failure) throw failure;
      const stored = of(log);
      if (stored.records.length !== from) throw new Error(`the log has ${stored.records.length} records, not ${from}`);
      for (const node of nodes) {
        const name = `${node.level}/${node.index}`;
        if (stored.nodes.has(name)) throw new Error(`node ${name} is there already`);
        stored.nodes.set(name, node);
      }
      stored.records.push(...records);
      const left = stored.staged.filter(({ id }) => !pending.includes(id));
      stored.staged.splice(0, stored.staged.length, ...left);
    },
    lost: new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
    }),
    async release() {},
  });
  return {
    snapshot() {
      open = [];
      const before = new Map([...logs].map(([name, log]) => [name, [...log.checkpoints]]));
      return () => {
        open = [];
        for (const [name, log] of logs) log.checkpoints.splice(0, log.checkpoints.length, ...(before.get(name) ?? []));
      };
    },
    commit() {
      for (const { log, record } of open) {
        const { staged, keys } = of(log);
        if (record.key !== null) keys.add(record.key);
        staged.push({ id: ids++, ...record });
      }
      open = [];
    },
    failWith(error) {
      failure = error;
    },
    async stage(_tx, log, records) {
      if (failure) throw failure;
      for (const record of records) {
        const used = (key: string) =>
          of(log).keys.has(key) || open.some((other) => other.log === log && other.record.key === key);
        if (record.key === null || !used(record.key)) open.push({ log, record });
      }
    },
    async lead(log, { signal }) {
      return lead(log, signal);
    },
    async staged(log) {
      const { staged } = of(log);
      return staged.length === 0 ? null : { oldest: staged[0]!.id, newest: staged.at(-1)!.id };
    },
    async callLead() {},
    async prepare() {},
    async detachable() {
      return null;
    },
    async detach() {},
    async head(_tx, log) {
      const { records, checkpoints } = of(log);
      const last = records.at(-1);
      return {
        size: last ? last.index + 1 : 0,
        time: last ? (JSON.parse(last.entry) as RecordEntry).time : null,
        signed_size: checkpoints.at(-1)?.size ?? 0,
      };
    },
    async nodes(_tx, log, ranges) {
      const { nodes, records } = of(log);
      const found: StoredNode[] = [];
      for (const { level, from, to } of ranges)
        for (let index = from; index < to; index++) {
          const record = level === 0 ? records[index] : undefined;
          const node = record ? { level, index, hash: record.leaf } : nodes.get(`${level}/${index}`);
          if (node) found.push(node);
        }
      return found;
    },
    async record(log, index) {
      return view(of(log).records.find((record) => record.index === index));
    },
    async records(log, from, limit) {
      return of(log)
        .records.filter((record) => record.index >= from)
        .slice(0, limit)
        .map((record) => view(record)!);
    },
    async entries(log, from, to) {
      return of(log)
        .records.filter(({ index }) => index >= from && index < to)
        .map(({ entry }) => entry);
    },
    async index(log, limit, words) {
      const { records, filed } = of(log);
      const fresh = records.slice(filed.length, filed.length + limit);
      const found = await words(fresh.map((record) => view(record)!));
      for (const [i, { index, entry }] of fresh.entries()) {
        const { keys } = JSON.parse(entry) as RecordEntry;
        filed.push({ index, columns: columnsOf(JSON.parse(entry)), words: found[i]!, keys });
      }
      return fresh.length;
    },
    async forgetWords(_tx, keys) {
      for (const { filed } of logs.values())
        for (const row of filed) if (row.keys.some((key) => keys.includes(key))) row.words = '';
    },
    async indexed(log, from, limit) {
      return of(log)
        .filed.slice(from, from + limit)
        .map(({ index, columns }) => ({ index, columns }));
    },
    async search(log, search) {
      const { filed, records: all } = of(log);
      if (search.sort) return sorted(search, search.sort, of(log)).map((record) => view(record)!);
      const records = all.filter((_record, i) => filed[i] && selects(search, filed[i]));
      if (search.order === 'newest') records.reverse();
      return records.slice(0, search.limit).map((record) => view(record)!);
    },
    async lockCheckpoints() {},
    async appendCheckpoint(_tx, log, checkpoint) {
      const { checkpoints } = of(log);
      if (checkpoints.some((other) => other.seq === checkpoint.seq)) throw new Error('the checkpoint is there already');
      checkpoints.push(checkpoint);
    },
    async newestCheckpoint(_tx, log, cosignatures = 0) {
      const { checkpoints, cosigned } = of(log);
      const found = checkpoints.findLast(({ seq }) => ofCheckpoint(cosigned, seq).length >= cosignatures);
      return found ? withCosignatures(found, cosigned) : null;
    },
    async checkpoints(log, from, limit) {
      const { checkpoints, cosigned } = of(log);
      return checkpoints
        .filter((checkpoint) => checkpoint.seq >= from)
        .slice(0, limit)
        .map((checkpoint) => withCosignatures(checkpoint, cosigned));
    },
    async addCosignature(log, cosignature) {
      const { cosigned } = of(log);
      const { seq, witness } = cosignature;
      if (!ofCheckpoint(cosigned, seq).some((other) => other.witness === witness)) cosigned.push(cosignature);
    },
  };
}

function ofCheckpoint(cosigned: readonly NewCosignature[], seq: number): NewCosignature[] {
  return cosigned.filter((each) => each.seq === seq).sort((a, b) => (a.witness < b.witness ? -1 : 1));
}

function withCosignatures(checkpoint: StoredCheckpoint, cosigned: readonly NewCosignature[]): StoredCheckpoint {
  const lines = ofCheckpoint(cosigned, checkpoint.seq).map((each) => each.lines);
  return { ...checkpoint, note: checkpoint.note + lines.join('') };
}

function view(record: NewRecord | undefined): StoredRecord | null {
  if (!record) return null;
  const { leaf: _, ...stored } = record;
  return stored;
}

function sorted(
  search: StoreSearch,
  { column, descending }: StoreSort,
  { filed, records }: { readonly filed: readonly (Filed | undefined)[]; readonly records: readonly NewRecord[] },
): NewRecord[] {
  const filedAs = (record: NewRecord) => filed[record.index]?.columns[column] ?? '';
  const all = records
    .filter(
      ({ index }) =>
        filed[index] && selects({ ...search, after: null }, filed[index]) && filedAs(records[index]!) !== '',
    )
    .sort((a, b) => (filedAs(a) < filedAs(b) ? -1 : filedAs(a) > filedAs(b) ? 1 : b.index - a.index));
  if (descending) all.reverse();
  const begin = search.after === null ? 0 : all.findIndex(({ index }) => index === search.after) + 1;
  return all.slice(begin, begin + search.limit);
}

function selects(search: StoreSearch, { columns, index, words }: Filed): boolean {
  for (const [name, value] of Object.entries(search.equals))
    if (name === 'code' ? !columns.codes.includes(value) : columns[name as keyof typeof columns] !== value)
      return false;
  if (search.workflows !== null && !search.workflows.includes(columns.workflow ?? '')) return false;
  if (search.types !== null && !search.types.includes(columns.type)) return false;
  if (search.since && columns.time < search.since) return false;
  if (search.until && columns.time >= search.until) return false;
  if (search.after !== null && (search.order === 'newest' ? index >= search.after : index <= search.after))
    return false;
  return search.words === null || hasWords(search.words, words);
}

/** Words and excluded words, without the phrases of the real store. */
function hasWords(words: string, text: string): boolean {
  const split = (part: string) => part.match(/[\p{L}\p{N}]+/gu) ?? [];
  const present = new Set(split(text));
  return words
    .split(/\s+/)
    .every((word) =>
      word.startsWith('-')
        ? split(word).every((part) => !present.has(part))
        : split(word).every((part) => present.has(part)),
    );
}
