import type { Attachment, Clock, Run, RunId } from '@portreeve/contract';
import type { LeaseStore, RunQueue, RunStore } from '../ports.ts';

interface Row {
  readonly run: Run;
  readonly attachments: readonly Attachment[];
  readonly idempotency: { readonly key: string; readonly digest: string } | null;
}

export function memoryRunStore(): RunStore & { snapshot(): () => void } {
  let rowsById = new Map<RunId, Row>();
  const get = async (id: RunId) => rowsById.get(id)?.run ?? null;
  return {
    snapshot() {
      const before = new Map(rowsById);
      return () => {
        rowsById = before;
      };
    },
    async insert(_tx, run, { attachments, idempotency }) {
      const earlier = [...rowsById.values()].find(
        (row) =>
          idempotency !== null && row.idempotency?.key === idempotency.key && row.run.principal.id === run.principal.id,
      );
      if (earlier?.idempotency) return { id: earlier.run.id, digest: earlier.idempotency.digest };
      rowsById.set(run.id, { run, attachments, idempotency });
      return null;
    },
    get,
    lock: (_tx, id) => get(id),
    async update(_tx, id, patch) {
      const row = rowsById.get(id);
      if (row) rowsById.set(id, { ...row, run: { ...row.run, ...patch } });
    },
    async list(filter) {
      return [...rowsById.values()]
        .map((row) => row.run)
        .sort((a, b) => (a.id > b.id === (filter.order !== 'oldest') ? -1 : 1))
        .filter((run) => !filter.state || run.state === filter.state)
        .filter((run) => !filter.workflow || run.workflow === filter.workflow)
        .filter((run) => !filter.requester || run.principal.id === filter.requester)
        .filter((run) => !filter.without_shadows || !run.shadow_of)
        .filter(({ id }) => !filter.before || (filter.order === 'oldest' ? id > filter.before : id < filter.before))
        .slice(0, filter.limit ?? 100);
    },
    attachments: async (id) => [...(rowsById.get(id)?.attachments ?? [])],
    async forgetAttachments(_tx, id) {
      const row = rowsById.get(id);
      if (row) rowsById.set(id, { ...row, attachments: [] });
    },
  };
}

export function memoryLeaseStore(clock: Clock): LeaseStore {
  const untilByExecutor = new Map<string, number>();
  const now = () => clock.now().getTime();
  return {
    async renew(executor, seconds) {
      untilByExecutor.set(executor, now() + seconds * 1000);
    },
    async release(executor) {
      untilByExecutor.delete(executor);
    },
    dead: async (executors) => executors.filter((executor) => (untilByExecutor.get(executor) ?? 0) <= now()),
    async releaseOthers(executor) {
      for (const other of [...untilByExecutor.keys()]) if (other !== executor) untilByExecutor.delete(other);
    },
  };
}

/** Keeps what was queued and who was woken. Takes part in `memoryUnitOfWork`. */
export function memoryRunQueue(): RunQueue & {
  readonly queued: RunId[];
  readonly nudged: string[];
  snapshot(): () => void;
} {
  const queued: RunId[] = [];
  const nudged: string[] = [];
  return {
    queued,
    nudged,
    snapshot() {
      const before = [queued.length, nudged.length] as const;
      return () => {
        [queued.length, nudged.length] = before;
      };
    },
    async enqueue(_tx, run) {
      queued.push(run);
    },
    async nudge(_tx, run, topic) {
      nudged.push(`${run} ${topic}`);
    },
  };
}
