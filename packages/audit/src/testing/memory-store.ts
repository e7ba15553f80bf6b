import type { AuditStore, NewRecord, StoredCheckpoint, StoredNode, StoredRecord, StoreSearch } from '../ports.ts';

interface MemoryLog {
  readonly records: NewRecord[];
  readonly nodes: Map<string, StoredNode>;
  readonly checkpoints: StoredCheckpoint[];
}

/**
 * A store in memory. Pass it to `memoryUnitOfWork`, which runs transactions one after the other: so the lock needs no
 * work here.
 */
export function memoryAuditStore(): AuditStore & { snapshot(): () => void; failWith(error: Error | null): void } {
  const logs = new Map<string, MemoryLog>();
  let failure: Error | null = null;
  const of = (log: string): MemoryLog => {
    const found = logs.get(log) ?? { records: [], nodes: new Map(), checkpoints: [] };
    logs.set(log, found);
    return found;
  };
  return {
    snapshot() {
      const before = [...logs].map(([name, log]): [string, MemoryLog] => [
        name,
        { records: [...log.records], nodes: new Map(log.nodes), checkpoints: [...log.checkpoints] },
      ]);
      return () => {
        logs.clear();
        for (const [name, log] of before) logs.set(name, log);
      };
    },
    failWith(error) {
      failure = error;
    },
    async lock() {},
    async head(_tx, log) {
      const { records, checkpoints } = of(log);
      const last = records.at(-1);
      return {
        size: last ? last.index + 1 : 0,
        time: last?.columns.time ?? null,
        signed_size: checkpoints.at(-1)?.size ?? 0,
      };
    },
    async usedKeys(_tx, log, keys) {
      const used = new Set(of(log).records.map((record) => record.key));
      return keys.filter((key) => used.has(key));
    },
    async append(_tx, log, records, nodes) {
      if (failure) throw failure;
      const stored = of(log);
      for (const record of records) {
        const taken = stored.records.some(
          (other) => other.index === record.index || (record.key !== null && other.key === record.key),
        );
        if (taken) throw new Error(`record ${record.index} is there already`);
        stored.records.push(record);
      }
      for (const node of nodes) {
        const name = `${node.level}/${node.index}`;
        if (stored.nodes.has(name)) throw new Error(`node ${name} is there already`);
        stored.nodes.set(name, node);
      }
    },
    async nodes(_tx, log, ranges) {
      const { nodes } = of(log);
      const found: StoredNode[] = [];
      for (const { level, from, to } of ranges)
        for (let index = from; index < to; index++) {
          const node = nodes.get(`${level}/${index}`);
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
    async search(log, search) {
      const records = of(log).records.filter((record) => selects(search, record));
      if (search.order === 'newest') records.reverse();
      return records.slice(0, search.limit).map((record) => view(record)!);
    },
    async appendCheckpoint(_tx, log, checkpoint) {
      const { checkpoints } = of(log);
      if (checkpoints.some((other) => other.seq === checkpoint.seq)) throw new Error('the checkpoint is there already');
      checkpoints.push(checkpoint);
    },
    async newestCheckpoint(_tx, log) {
      return of(log).checkpoints.at(-1) ?? null;
    },
    async checkpoints(log, from, limit) {
      return of(log)
        .checkpoints.filter((checkpoint) => checkpoint.seq >= from)
        .slice(0, limit);
    },
  };
}

function view(record: NewRecord | undefined): StoredRecord | null {
  if (!record) return null;
  const { key: _, ...stored } = record;
  return stored;
}

function selects(search: StoreSearch, record: NewRecord): boolean {
  const { columns, index } = record;
  for (const [name, value] of Object.entries(search.equals))
    if (columns[name as keyof typeof columns] !== value) return false;
  if (search.types !== null && !search.types.includes(columns.type)) return false;
  if (search.since && columns.time < search.since) return false;
  if (search.until && columns.time >= search.until) return false;
  if (search.after !== null && (search.order === 'newest' ? index >= search.after : index <= search.after))
    return false;
  return search.words === null || hasWords(search.words, record.payload ?? '');
}

/** Words and excluded words, without the phrases of the real store. */
function hasWords(words: string, payload: string): boolean {
  const split = (text: string) => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const present = new Set(split(payload.replace(/\\(?:u[0-9a-f]{4}|.)|,"nonce":"[^"]*"\}$/g, ' ')));
  return words
    .split(/\s+/)
    .every((word) =>
      word.startsWith('-')
        ? split(word).every((part) => !present.has(part))
        : split(word).every((part) => present.has(part)),
    );
}
