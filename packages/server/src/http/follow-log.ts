import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import type { AuditLog } from '@portreeve/audit';
import type { RecordEntry, RecordPayload } from '@portreeve/contract';

export interface Heard {
  readonly entry: RecordEntry;
  readonly payload: RecordPayload | null;
}

/** Who follows one run. */
export interface Follower {
  /** Records that came together, in order. */
  heard(records: readonly Heard[]): void;
  /** The log cannot be followed any more. */
  broke(error: unknown): void;
}

const LOOK_EVERY_MS = 150;
const READ_MAX = 256;
/** Followers that are told in one turn of the event loop: a crowd must not hold up who decides. */
const TOLD_AT_ONCE = 128;

const tails = new WeakMap<AuditLog, Tail>();

/**
 * Tells a follower of every record of a run that gets its place from now on, once, in order. All followers of a log share
 * one look at it, however many they are. Gives what ends it.
 */
export async function followRun(log: AuditLog, run: string, follower: Follower): Promise<() => void> {
  let tail = tails.get(log);
  if (!tail) {
    tail = new Tail(log);
    tails.set(log, tail);
  }
  return tail.follow(run, follower);
}

class Tail {
  readonly #log: AuditLog;
  readonly #followersByRun = new Map<string, Set<Follower>>();
  #begun: Promise<void> | null = null;

  constructor(log: AuditLog) {
    this.#log = log;
  }

  async follow(run: string, follower: Follower): Promise<() => void> {
    const followers = this.#followersByRun.get(run) ?? new Set();
    this.#followersByRun.set(run, followers.add(follower));
    const leave = () => {
      const left = this.#followersByRun.get(run);
      left?.delete(follower);
      if (left?.size === 0) this.#followersByRun.delete(run);
    };
    this.#begun ??= this.#begin();
    try {
      await this.#begun;
    } catch (error) {
      leave();
      throw error;
    }
    return leave;
  }

  async #begin(): Promise<void> {
    try {
      const next = await this.#log.size();
      void this.#look(next);
    } catch (error) {
      this.#begun = null;
      throw error;
    }
  }

  /** Ends when nobody follows any more, or with an error that every follower hears. */
  async #look(from: number): Promise<void> {
    let next = from;
    try {
      while (this.#followersByRun.size > 0) {
        const size = await this.#log.size();
        while (next < size) {
          const records = await this.#log.read(next, READ_MAX);
          await this.#tell(
            records.map(({ entry, payload }) => ({
              entry: JSON.parse(entry) as RecordEntry,
              payload: payload === null ? null : (JSON.parse(payload) as RecordPayload),
            })),
          );
          next = records.length === 0 ? size : records.at(-1)!.index + 1;
        }
        await delay(LOOK_EVERY_MS, undefined, { ref: false });
      }
      this.#begun = null;
    } catch (error) {
      this.#begun = null;
      const all = [...this.#followersByRun.values()].flatMap((followers) => [...followers]);
      this.#followersByRun.clear();
      for (const follower of all) follower.broke(error);
    }
  }

  async #tell(records: readonly Heard[]): Promise<void> {
    let told = 0;
    for (const [run, ofRun] of Map.groupBy(records, ({ entry }) => entry.refs.run)) {
      const followers = run === undefined ? undefined : this.#followersByRun.get(run);
      for (const follower of [...(followers ?? [])]) {
        follower.heard(ofRun);
        if (++told % TOLD_AT_ONCE === 0) await turn();
      }
    }
  }
}
