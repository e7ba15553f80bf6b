import {
  type AuditWriter,
  MAIN_LOG,
  PortreeveError,
  type RecordDraft,
  type RunId,
  type Tx,
  type UnitOfWork,
} from '@portreeve/contract';
import { payloadSealer } from './keys/sealer.ts';
import type { AuditLog, AuditLogOptions } from './log.ts';
import { draftsByLog, type LogRoutes, parsePlace, placeText } from './log-routes.ts';
import { type LogsPage, type LogsQuery, type PlacedRecord, parseLogsQuery, searchLogs } from './logs-search.ts';
import type { AuditStore } from './ports.ts';
import type { RunReplay } from './replay.ts';

/** One of the logs of the house. */
export interface NamedLog {
  /** As the configuration calls it; `main` for the one that takes what no other one does. */
  readonly name: string;
  /** Whose records stand in it; empty for the main one. */
  readonly workflows: readonly string[];
  readonly log: AuditLog;
}

/**
 * The logs of the house, as one record. What is written goes to the log of its workflow, or to the main one: every record
 * stands in exactly one log. What is asked is asked of all.
 */
export interface AuditLogs extends AuditWriter {
  readonly main: AuditLog;
  /** The main one first, then by name. */
  readonly all: readonly NamedLog[];
  /** Throws `not_found`. */
  named(name: string): NamedLog;
  /** The log in which everything of a workflow stands. */
  ofWorkflow(workflow: string): NamedLog;
  /** The log of a place, and the index there. Throws `bad_request`, `not_found`. */
  at(place: string): { readonly log: AuditLog; readonly index: number };
  settle(): Promise<void>;
  close(): Promise<void>;
  prepare(): Promise<void>;
  /** Signs the head of every log, also where another one fails; throws the first failure. */
  checkpoint(): Promise<void>;
  detach(before: Date): Promise<void>;
  /** `null` where there is no such record. */
  get(place: string): Promise<PlacedRecord | null>;
  /** One page out of all logs, or of the one that the query names, in the order of time. */
  search(query?: LogsQuery): Promise<LogsPage>;
  /** All that is on record of a run, and the name of the one log that it stands in. Throws `not_found`. */
  replay(
    run: RunId,
    options?: { readonly workflows?: readonly string[] | null },
  ): Promise<RunReplay & { readonly log: string }>;
}

export function createAuditLogs(options: {
  readonly main: AuditLog;
  readonly others: readonly NamedLog[];
  readonly store: AuditStore;
  readonly uow: UnitOfWork;
  readonly keys: AuditLogOptions['keys'];
}): AuditLogs {
  const { main, store, uow, keys } = options;
  const others = [...options.others].sort((a, b) => (a.name < b.name ? -1 : 1));
  const all: readonly NamedLog[] = [{ name: MAIN_LOG, workflows: [], log: main }, ...others];
  const byName = new Map(all.map((each) => [each.name, each]));
  const byOrigin = new Map(all.map((each) => [each.log.origin, each.log]));
  const byWorkflow = new Map(others.flatMap((each) => each.workflows.map((name) => [name, each] as const)));
  const routes: LogRoutes = {
    main: main.origin,
    originByWorkflow: new Map([...byWorkflow].map(([name, { log }]) => [name, log.origin])),
  };
  const parts = { store, sealer: payloadSealer(keys.ring, keys.subjects), keys: keys.store, words: keys.words };

  const ofWorkflow = (workflow: string) => byWorkflow.get(workflow) ?? all[0]!;
  const named = (name: string): NamedLog => {
    const found = byName.get(name);
    if (!found)
      throw new PortreeveError('not_found', `There is no log ${name}.`, {
        next: `The logs are ${all.map((each) => each.name).join(', ')}.`,
      });
    return found;
  };
  const each = async (work: (log: AuditLog) => Promise<unknown>): Promise<void> => {
    const done = await Promise.allSettled(all.map(({ log }) => work(log)));
    const failed = done.find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined;
    if (failed) throw failed.reason;
  };
  /** Those that can have what is asked. */
  const asked = (query: {
    log?: string | undefined;
    workflow?: string | undefined;
    workflows?: readonly string[] | undefined;
  }) => {
    if (query.log !== undefined) return [named(query.log)];
    const workflows = query.workflow === undefined ? query.workflows : [query.workflow];
    if (workflows === undefined) return all;
    const logs = new Set(workflows.map(ofWorkflow));
    return logs.size === 0 ? all.slice(0, 1) : all.filter((each) => logs.has(each));
  };
  const append = async (tx: Tx, drafts: readonly RecordDraft[]) => {
    for (const [origin, own] of draftsByLog(drafts, routes)) await byOrigin.get(origin)!.append(tx, own);
  };

  return {
    main,
    all,
    named,
    ofWorkflow,
    at(place) {
      const { name, index } = parsePlace(place);
      return { log: named(name).log, index };
    },
    append,
    async record(drafts, place) {
      const [first, ...more] = draftsByLog(drafts, routes);
      if (!first) return;
      if (more.length === 0) await byOrigin.get(first[0])!.record(first[1], place);
      else await uow.transaction((tx) => append(tx, drafts));
    },
    settle: () => each((log) => log.settle()),
    close: () => each((log) => log.close()),
    prepare: () => each((log) => log.prepare()),
    checkpoint: () => each((log) => log.checkpoint()),
    detach: (before) => each((log) => log.detach(before)),
    async get(place) {
      const { name, index } = parsePlace(place);
      const found = await named(name).log.get(index);
      return found && { ...found, place: placeText(name, index) };
    },
    async search(query = {}) {
      const parsed = parseLogsQuery(query);
      const logs = asked(parsed);
      await Promise.all(logs.map(({ log }) => log.settle()));
      return searchLogs(
        parts,
        logs.map(({ name, log: { origin } }) => ({ name, origin })),
        parsed,
      );
    },
    async replay(run, more = {}) {
      for (const { name, log } of all) {
        const { records } = await log.search({ run, limit: 1 });
        if (records.length > 0) return { ...(await log.replay(run, more)), log: name };
      }
      throw new PortreeveError('not_found', `The log has no record of the run ${run}.`);
    },
  };
}
