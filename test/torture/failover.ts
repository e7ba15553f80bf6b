import { setTimeout as delay } from 'node:timers/promises';
import { withClient } from '@portreeve/server/testing';
import { until } from '../support/processes.ts';
import type { Violation } from './check.ts';
import { type House, ROLES } from './house.ts';
import { startLoad } from './load.ts';
import { randomOf } from './random.ts';
import { openStandby } from './standby.ts';

/** What a failover that lost the newest records came to. */
export interface Failover {
  /** Records that the log held when the primary died, and those that the standby had. */
  readonly size: number;
  readonly kept: number;
  /** Effects in the journal of the system downstream when the primary died. */
  readonly effects: number;
  readonly violations: readonly Violation[];
}

const WIDTH = 3;
const FIRST_CASE = 1_000_000;
/** Records that the standby lacks at the least: the last that it was sent it may take in a moment later. */
const BEHIND_MIN = 20;
const BEFORE_MS = 1000;
const UNDER_WAY_MS = 1500;
const AFTER_MS = 4000;

/**
 * The primary dies for good while its standby is behind, and the standby takes its place: everything that was done since is on
 * no record any more. Nothing can bring it back; the house must see it, act no more, and refuse to start. It is of no use afterwards.
 */
export async function failOver(house: House, seed: number): Promise<Failover> {
  const standby = await openStandby(house.postgres);
  const load = startLoad(house, randomOf(seed), WIDTH, FIRST_CASE);
  try {
    await delay(BEFORE_MS);
    await standby.follows();
    standby.wire.cut();
    const onStandby = new URL(new URL(house.databaseUrl).pathname, standby.url).href;
    const behind = await sizeOf(onStandby);
    const isSeen = async () => (await house.anchored()) > behind + BEHIND_MIN;
    await until('the anchor outside to see more than the standby has', 60_000, isSeen);
    const size = await sizeOf(house.databaseUrl);
    await house.postgres.faults.gone.begin();
    const { port } = new URL(standby.url);
    await standby.promote();
    const kept = await sizeOf(onStandby);
    for (const role of ROLES) house.wires[role].lead(Number(port));
    // Calls that were under way when the primary died come to their end.
    await delay(UNDER_WAY_MS);
    const effects = effectsOf(await house.journal());
    await delay(AFTER_MS);
    const later = effectsOf(await house.journal());
    const after = await sizeOf(onStandby);
    await house.end('gatekeeper', 'SIGKILL');
    const start = await house.begin('gatekeeper').then(
      () => 'it starts',
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    return {
      ...{ size, kept, effects },
      violations: [
        ...(later === effects ? [] : [{ rule: 'nothing acts', what: `${later - effects} effects after the failover` }]),
        ...(after === kept ? [] : [{ rule: 'the log is not forked', what: `${after - kept} records after ${kept}` }]),
        ...(/log_broken/.test(start) ? [] : [{ rule: 'the loss is seen at the start', what: start.slice(0, 2000) }]),
      ],
    };
  } finally {
    await load.stop();
    await standby.close();
  }
}

const sizeOf = (url: string): Promise<number> =>
  withClient(url, async (client) => {
    const { rows } = await client.query<{ size: number }>('SELECT count(*)::int AS size FROM audit_records');
    return rows[0]!.size;
  });

const effectsOf = (journal: Awaited<ReturnType<House['journal']>>): number =>
  journal.filter(({ type }) => type === 'done').length;
