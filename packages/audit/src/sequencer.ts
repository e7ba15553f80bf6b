import { isPortreeveError, PortreeveError } from '@portreeve/contract';
import { type Frontier, leafHash } from './merkle.ts';
import { placeEntry } from './place.ts';
import {
  type AuditStore,
  type Lead,
  type NewRecord,
  type PendingRecord,
  type StagedRecord,
  type StoredNode,
  TILE_HEIGHT,
} from './ports.ts';
import { broken, frontierAt } from './stored-tree.ts';

/** Records of one write. More at once only make the first of them wait longer. */
const BATCH_MAX = 256;
/** Writes that are on their way at once: one is hashed while another is made durable. */
const WRITES_MAX = 3;
/** How long a staged record may wait to be seen, in milliseconds: at first, and where nothing was staged for a while. */
const POLL_MIN_MS = 2;
const POLL_MAX_MS = 200;
/** How often staged records are looked for while direct ones come without a pause, in milliseconds. */
const LOOK_MS = 20;
/** How long a reader waits for what was staged before it, in milliseconds, where another process leads. */
const SETTLE_MAX_MS = 2000;
/** How long a record may go without a place before nothing more is recorded, and how often that is looked at, in milliseconds. */
const STUCK_MAX_MS = 5000;
const WATCH_MS = 500;
/** How long after a failure the lead is sought again, in milliseconds. */
const RETRY_MS = 100;

export interface SequencerOptions {
  readonly store: AuditStore;
  readonly origin: string;
  /** Milliseconds of the process's own time, which is never set back: how long something waits. */
  readonly elapsed?: () => number;
  /** False: this process never gives a place, and leaves what it stages to the one that leads. */
  readonly leads?: boolean;
}

/** Records that are written together or not at all. */
interface Direct {
  readonly records: readonly StagedRecord[];
  /** Whatever was staged before them gets its place first. */
  readonly behind: boolean;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Gives records their place in the log: one process at a time, many records in one write (group commit). Records come
 * staged, in the transaction of what they record, or directly, where nothing but the record is written.
 *
 * What holds: every staged record gets one index; indexes have no gap; the store refuses a write that does not continue
 * the log, so two processes that both believe to lead cannot fork it.
 */
export class Sequencer {
  readonly #options: SequencerOptions;
  readonly #elapsed: () => number;
  readonly #closing = new AbortController();
  #campaign: Promise<void> | null = null;
  #leading = false;
  /** Why nothing can be appended: what is stored is not what was written. */
  #fault: PortreeveError | null = null;
  /** The newest record that this process knows to be written, whoever led since. */
  #newest: { readonly index: number; readonly entry: string } | null = null;
  #direct: Direct[] = [];
  /** The oldest staged record when it was last looked for, and since when it is that one, in this process's own time. */
  #oldest: { readonly id: number; readonly since: number } | null = null;
  /** Readers that wait until all that was staged before them has its place; `false` where the lead was lost meanwhile. */
  #waiting: ((placed: boolean) => void)[] = [];
  #pollMs = POLL_MIN_MS;
  #wake: () => void = () => undefined;

  constructor(options: SequencerOptions) {
    this.#options = options;
    this.#elapsed = options.elapsed ?? (() => performance.now());
  }

  /**
   * Tells that something was staged, and will be there once its transaction commits. Throws where the log is broken, and
   * where records wait too long, unless this one may wait with them.
   */
  staged(mayWait = false): void {
    this.#assertWritable(mayWait);
    this.start();
    // Not at once: its transaction goes on. Many that come together are then seen together.
    if (this.#pollMs > POLL_MIN_MS) this.#call();
  }

  /**
   * Writes records that stand for themselves, all or none, durable when it resolves; their keys are not looked at. False
   * where another process leads, or where they may wait and must: the caller stages them then. `behind`: what was staged
   * and committed before the call gets its place first.
   */
  async append(
    records: readonly StagedRecord[],
    { mayWait = false, behind = false }: { readonly mayWait?: boolean; readonly behind?: boolean } = {},
  ): Promise<boolean> {
    this.#assertWritable(mayWait);
    this.start();
    if (!this.#leading || this.#isStuck()) return false;
    await new Promise<void>((resolve, reject) => {
      this.#direct.push({ records, behind, resolve, reject });
      this.#wake();
    });
    return true;
  }

  /**
   * Resolves when every record that was staged and committed before the call has its place. Where another process leads
   * and does not answer within two seconds it resolves all the same: a reader then sees the log without the newest.
   */
  async settle(): Promise<void> {
    const { store, origin } = this.#options;
    this.start();
    const staged = await store.staged(origin);
    if (!staged && this.#direct.length === 0) return;
    const until = Date.now() + SETTLE_MAX_MS;
    if (!this.#leading) await store.callLead(origin);
    for (
      let wait = 1;
      Date.now() < until && !this.#fault && !this.#closing.signal.aborted;
      wait = Math.min(2 * wait, 50)
    ) {
      if (this.#leading) {
        const placed = new Promise<boolean>((resolve) => this.#waiting.push(resolve));
        this.#call();
        if (await placed) return;
      }
      const left = await store.staged(origin);
      if (!left || left.oldest > (staged?.newest ?? -1)) return;
      await pause(wait, this.#closing.signal);
    }
  }

  /** Begins to seek the lead. Whoever appends or reads does so by itself. */
  start(): void {
    if (this.#closing.signal.aborted || this.#campaign) return;
    const { leads = true } = this.#options;
    this.#campaign = Promise.all([leads ? this.#run() : null, this.#watch()]).then(() => undefined);
  }

  /** Gives the lead back. What was staged is left to the next one. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#wake();
    await this.#campaign;
  }

  /** INVARIANT: where what is recorded cannot get its place, nothing more is done that would have to be recorded (G3). */
  #assertWritable(mayWait = false): void {
    if (this.#fault) throw this.#fault;
    if (!mayWait && this.#isStuck())
      throw new PortreeveError('audit_unavailable', 'Records wait for their place, and nobody gives it to them.');
  }

  #isStuck(): boolean {
    return this.#oldest !== null && this.#elapsed() - this.#oldest.since > STUCK_MAX_MS;
  }

  /**
   * Looks now and then how old the oldest staged record is, whoever leads: a leader that was stopped, or cannot write,
   * holds everybody up. It ends by itself when records get their place again.
   */
  async #watch(): Promise<void> {
    const { store, origin } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      // A database that does not answer takes no staged record either.
      const staged = await store.staged(origin).catch(() => undefined);
      if (staged === null) this.#oldest = null;
      else if (staged && staged.oldest !== this.#oldest?.id)
        this.#oldest = { id: staged.oldest, since: this.#elapsed() };
      await pause(WATCH_MS, signal);
    }
  }

  async #run(): Promise<void> {
    const { store, origin } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        const lead = await store.lead(origin, { signal, onStaged: () => this.#call() });
        void lead.lost.then(() => this.#wake());
        try {
          await this.#reign(lead);
        } finally {
          this.#leading = false;
          await lead.release().catch(() => undefined);
        }
      } catch (error) {
        // A lead that cannot be had is no harm by itself: another process may hold it.
        if (isPortreeveError(error, 'log_broken')) this.#fault = error;
      }
      this.#abandon();
      if (!signal.aborted) await pause(RETRY_MS, signal);
    }
    this.#abandon();
  }

  async #reign(lead: Lead): Promise<void> {
    const { store, origin } = this.#options;
    let over = false;
    void lead.lost.then(() => {
      over = true;
    });
    const place = await openPlace(store, origin);
    await this.#assertKept(place);
    this.#fault = null;
    this.#leading = true;
    const writes = new Set<Promise<void>>();
    let failure: unknown = null;
    let lookAt = 0;
    while (!over && !this.#closing.signal.aborted) {
      // Who asked before the look: for what is staged from now on it is looked again. INVARIANT: they stay where they are
      // until they are answered, so that nobody is forgotten where something throws in between.
      const waiting = this.#waiting.length;
      // Direct records never keep staged ones of another process waiting for long.
      const due = performance.now() >= lookAt;
      const asked = this.#direct.length;
      const look = due || waiting > 0 || asked === 0 || this.#direct.some(({ behind }) => behind);
      if (look) lookAt = performance.now() + LOOK_MS;
      const pending = look ? await lead.pending(BATCH_MAX) : [];
      const more = pending.length === BATCH_MAX;
      const direct = this.#takeDirect(BATCH_MAX - pending.length, { behind: look && !more ? asked : 0 });
      // Where one was staged the next one may be near; direct ones come by themselves.
      if (pending.length > 0) this.#pollMs = POLL_MIN_MS;
      if (pending.length + direct.length > 0) {
        const write = this.#write(lead, place, pending, direct).catch((error: unknown) => {
          failure ??= error;
          over = true;
        });
        writes.add(write);
        void write.then(() => writes.delete(write));
        while (writes.size >= WRITES_MAX) await Promise.race(writes);
      }
      if (waiting > 0 && !more) await Promise.all(writes);
      if (!more && !over) for (const done of this.#waiting.splice(0, waiting)) done(true);
      if (!more && direct.length === 0) await this.#rest();
    }
    await Promise.all(writes);
    if (failure) throw failure;
  }

  /**
   * As many as fit; the first one always. Of those that stand behind what is staged only the first `behind`: they were there
   * before it was looked for, and all of it was seen.
   */
  #takeDirect(room: number, { behind }: { readonly behind: number }): Direct[] {
    let count = 0;
    let end = 0;
    for (const each of this.#direct) {
      if ((end > 0 && count + each.records.length > room) || (each.behind && end >= behind)) break;
      count += each.records.length;
      end++;
    }
    return this.#direct.splice(0, end);
  }

  /** One write. Its records have their index before the first wait, so that writes can follow each other. */
  async #write(lead: Lead, place: Place, pending: readonly PendingRecord[], direct: readonly Direct[]): Promise<void> {
    const from = place.tree.size;
    const records: NewRecord[] = [];
    const nodes: StoredNode[] = [];
    try {
      for (const staged of [...pending, ...direct.flatMap((each) => each.records)]) {
        const index = place.tree.size;
        const { entry, time } = placeEntry(staged.entry, index, place.time);
        place.time = time;
        const leaf = leafHash(entry);
        for (const node of place.tree.push(leaf))
          if (node.level > 0 && node.level % TILE_HEIGHT === 0) nodes.push(node);
        records.push({ index, entry, payload: staged.payload, leaf });
      }
      await lead.append({ from, records, nodes, pending: pending.map(({ id }) => id) });
      place.durable = Math.max(place.durable, from + records.length);
      const last = records.at(-1);
      if (last && last.index > (this.#newest?.index ?? -1)) this.#newest = { index: last.index, entry: last.entry };
      for (const { resolve } of direct) resolve();
    } catch (error) {
      const fault = await this.#missing(place.durable);
      await this.#afterFailure(direct, records.slice(pending.length), fault ?? error);
      throw fault ?? error;
    }
  }

  /**
   * Whether the log still holds what this process wrote when it led before: a standby that took over without the newest
   * records does not, and whatever is appended there forks the log.
   */
  async #assertKept({ durable }: Place): Promise<void> {
    if (!this.#newest) return;
    const { store, origin } = this.#options;
    const { index, entry } = this.#newest;
    // Null where there are more: it was detached.
    const kept = durable > index ? await store.record(origin, index) : null;
    if (durable <= index || (kept && kept.entry !== entry))
      throw broken(Math.min(index, durable), `record ${index} was written, and is not there any more`);
  }

  /** Whether records that were durable are gone. Then nothing is recorded from now on, and so nothing is done. */
  async #missing(durable: number): Promise<PortreeveError | null> {
    const { store, origin } = this.#options;
    const head = await store.head(null, origin).catch(() => null);
    if (!head || head.size >= durable) return null;
    this.#fault = broken(head.size, `${durable} records were written, and ${head.size} are left`);
    return this.#fault;
  }

  /** A connection that broke may have written the batch: what stands in its place says so. */
  async #afterFailure(direct: readonly Direct[], records: readonly NewRecord[], cause: unknown): Promise<void> {
    const { store, origin } = this.#options;
    const last = records.at(-1);
    const written = last
      ? await store.record(origin, last.index).then(
          (found) => found?.entry === last.entry,
          () => false,
        )
      : false;
    for (const { resolve, reject } of direct) {
      if (written) resolve();
      else reject(unwritten(cause));
    }
  }

  /** What was given directly to a lead that is lost, and not begun; and whoever waited for it, who asks again. */
  #abandon(): void {
    for (const { reject } of this.#direct.splice(0)) reject(this.#fault ?? unwritten(null));
    for (const done of this.#waiting.splice(0)) done(false);
  }

  #call(): void {
    this.#pollMs = POLL_MIN_MS;
    this.#wake();
  }

  /** Waits until called, or for the time after which somebody may have staged something. */
  async #rest(): Promise<void> {
    if (this.#direct.length > 0 || this.#waiting.length > 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#pollMs);
      timer.unref();
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = () => undefined;
    this.#pollMs = Math.min(this.#pollMs * 2, POLL_MAX_MS);
  }
}

/** Where the next record goes. */
interface Place {
  readonly tree: Frontier;
  time: string;
  /** How many records are known to be written. */
  durable: number;
}

async function openPlace(store: AuditStore, origin: string): Promise<Place> {
  const head = await store.head(null, origin);
  if (head.size < head.signed_size)
    throw broken(head.size, `a checkpoint for ${head.signed_size} records was signed, and ${head.size} are left`);
  return { tree: await frontierAt(store, null, origin, head.size), time: head.time ?? '', durable: head.size };
}

function unwritten(cause: unknown): PortreeveError {
  if (isPortreeveError(cause)) return cause;
  return new PortreeveError('audit_unavailable', 'The record could not be written.', cause ? { cause } : {});
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    timer.unref();
    signal.addEventListener('abort', done, { once: true });
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}
