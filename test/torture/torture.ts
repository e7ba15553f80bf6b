import { setTimeout as delay } from 'node:timers/promises';
import { withClient } from '@portreeve/server/testing';
import { checkEvidence, type Violation } from './check.ts';
import { type Evidence, gatherEvidence, type Head } from './evidence.ts';
import { FAULTS, type Fault } from './faults.ts';
import type { House } from './house.ts';
import { type Load, startLoad } from './load.ts';
import { randomOf } from './random.ts';

/** What became of one fault. */
export interface Played {
  readonly fault: string;
  /** Why it was not played; null where it was. */
  readonly skipped: string | null;
  readonly lasted_ms: number;
  /** From the end of the fault until every run had ended or waited for somebody; null where that was not waited for. */
  readonly rested_ms: number | null;
  /** Runs that had been answered by then. */
  readonly runs: number;
  /** Effects in the journal of the system downstream by then. */
  readonly effects: number;
  readonly violations: readonly Violation[];
}

export interface TortureOptions {
  readonly seed: number;
  /** No fault is begun after so long, in milliseconds; each is played once at the most. */
  readonly ms: number;
  /** Whether the house is left to rest after each fault, and checked whole; else after the last. */
  readonly rests: boolean;
  readonly faults?: readonly Fault[];
  readonly told?: (played: Played) => void;
}

export interface Tortured {
  readonly played: readonly Played[];
  /** The last evidence, at rest. */
  readonly evidence: Evidence;
}

/** How many cases are under way at once. */
const WIDTH = 3;
const REST_MS_MAX = 120_000;
const LOOK_MS = 200;
/** What was just healed may need a moment: a PostgreSQL that was killed recovers first. */
const TRIES_MAX = 120;
const AGAIN_MS = 500;

/** Plays faults on a house under load, in the order and at the instants of the seed, and checks after each. */
export async function torture(house: House, options: TortureOptions): Promise<Tortured> {
  const random = randomOf(options.seed);
  const load = startLoad(house, random, WIDTH);
  const heads: Head[] = [];
  const played: Played[] = [];
  const tell = (one: Played) => {
    played.push(one);
    options.told?.(one);
  };

  async function judge(fault: string, lasted_ms: number, rests: boolean): Promise<Evidence> {
    const rested = rests ? await rest(house, load) : null;
    const evidence = await patiently(() => gatherEvidence(house, load, heads));
    heads.push(evidence.head);
    tell({
      ...{ fault, skipped: null, lasted_ms, rested_ms: rested?.ms ?? null, runs: load.runByCase.size },
      effects: evidence.journal.filter(({ type }) => type === 'done').length,
      violations: [...checkEvidence(evidence, rests ? 'at_rest' : 'always'), ...(rested?.restless ?? [])],
    });
    return evidence;
  }

  const end = Date.now() + options.ms;
  for (const fault of random.shuffled(options.faults ?? FAULTS)) {
    if (Date.now() >= end) break;
    const skipped = fault.missing?.(house) ?? null;
    if (skipped !== null) {
      tell({ fault: fault.name, skipped, lasted_ms: 0, rested_ms: null, runs: 0, effects: 0, violations: [] });
      continue;
    }
    await delay(random.upTo(1500));
    const begun = Date.now();
    await fault.start(house, random);
    const [least, most] = fault.lasts_ms;
    await delay(least + random.upTo(most - least));
    await fault.heal(house);
    await judge(fault.name, Date.now() - begun, options.rests);
    load.resume();
  }
  const evidence = await judge('(in the end)', 0, true);
  await load.stop();
  return { played, evidence };
}

/** Lets everything come to its end. Gives how long that took, and what does not come to any. */
export async function rest(house: House, load: Load): Promise<{ readonly ms: number; readonly restless: Violation[] }> {
  const begun = Date.now();
  await load.pause();
  const size = await patiently(() => sizeOf(house));
  for (;;) {
    const left = [...(await patiently(() => moving(house, load))), ...(await unseen(house, size))];
    const ms = Date.now() - begun;
    if (left.length === 0) return { ms, restless: [] };
    if (ms > REST_MS_MAX)
      return {
        ms,
        restless: [`the lead was last told ${load.refused()}`, ...left].map((what) => ({
          rule: 'everything comes to rest in its time',
          what,
        })),
      };
    await delay(LOOK_MS);
  }
}

/** Runs that neither have ended nor wait for somebody, and proposals that are on their way; each with where it stands. */
function moving(house: House, { left }: Load): Promise<string[]> {
  return withClient(house.databaseUrl, async (client) => {
    const { rows } = await client.query<{ what: string }>(
      `SELECT concat(r.id, ' is ', r.state, ', ', s.status, ' in the engine', ', ' || a.id || ' is ' || a.state) AS what
         FROM runs r LEFT JOIN approvals a ON a.id = r.approval LEFT JOIN dbos.workflow_status s ON s.workflow_uuid = r.id
        WHERE r.ended_at IS NULL AND NOT (r.state = 'waiting' AND coalesce(r.approval, '') = ANY ($1))
       UNION ALL SELECT concat(p.id, ' is ', p.state) FROM proposals p JOIN runs r ON r.id = p.run
       WHERE p.state IN ('settling', 'retrying') OR (p.state IN ('approved', 'granted') AND r.ended_at IS NULL)`,
      [[...left]],
    );
    return rows.map(({ what }) => what);
  });
}

/** How many records the log has. */
function sizeOf(house: House): Promise<number> {
  return withClient(house.databaseUrl, async (client) => {
    const { rows } = await client.query<{ size: string }>(
      'SELECT coalesce(max(index) + 1, 0) AS size FROM audit_records',
    );
    return Number(rows[0]!.size);
  });
}

/** The head is signed every second here, and shown outside: what the fault held up of that goes on by itself, too. */
async function unseen(house: House, size: number): Promise<string[]> {
  const seen = await house.anchored();
  return seen >= size ? [] : [`outside ${seen} of ${size} records have been seen`];
}

/** Again after a moment where it fails: what was just healed may not answer at once. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++)
    try {
      return await work();
    } catch (error) {
      if (tried === TRIES_MAX) throw error;
      await delay(AGAIN_MS);
    }
}
