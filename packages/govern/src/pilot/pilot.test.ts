import {
  type Digest,
  digestOfText,
  fixedClock,
  newId,
  pilotRelease,
  promoteRelease,
  type RunId,
  rolloutSchema,
  SYSTEM_ACTOR,
} from '@portreeve/contract';
import { memoryAuditWriter, memoryUnitOfWork } from '@portreeve/contract/testing';
import { describe, expect, test } from 'vitest';
import { carryOutMove } from '../release/carry-out.ts';
import { evidenceDigests } from '../release/gaps.ts';
import type { StoredEvidence, StoredRelease } from '../release/ports.ts';
import { memoryChangeStore } from '../testing/change-store.ts';
import { memoryPilotStore } from '../testing/pilot-store.ts';
import { pilotStoreContract } from '../testing/pilot-store-contract.ts';
import { memoryReleaseStore } from '../testing/release-store.ts';
import { CONTRACT } from '../testing/workflow.ts';
import { planOf, rolloutDigest } from './plan.ts';

pilotStoreContract('memory', async () => {
  const endings = new Map<RunId, string | null>();
  const store = memoryPilotStore((runs) => {
    const ended = runs.map((run) => endings.get(run) ?? null).filter((ending) => ending !== null);
    return { ended: ended.length, failed: ended.filter((ending) => ending !== 'completed').length };
  });
  return {
    store,
    uow: memoryUnitOfWork(store),
    release: async () => undefined,
    run: async (run, ending) => void endings.set(run, ending),
  };
});

const leave = { runs_min: 2, minutes_min: 10, failed_max: 0 };
const ROLLOUT = rolloutSchema.parse([
  { kind: 'shadow', runs_max: 10, leave },
  { kind: 'share', basis_points: 500, runs_max: 10, leave },
]);
const NOTHING = { step: 1, minutes: 0, taken: 0, ended: 0, failed: 0, missed: [] };

async function setUp() {
  const clock = fixedClock('2026-11-21T12:00:00.000Z');
  const store = memoryReleaseStore();
  const ended = { ended: 0, failed: 0 };
  const pilots = memoryPilotStore(() => ended);
  const audit = memoryAuditWriter();
  const changes = memoryChangeStore();
  const uow = memoryUnitOfWork(store, pilots, changes, audit);
  const deps = { store, pilots, changes, audit, uow, clock, evidence_hours_max: 24 };
  const at = clock.now().toISOString();
  const added = async (name: string, state: StoredRelease['state'], contract = CONTRACT): Promise<Digest> => {
    const release = digestOfText(name);
    const about = { release, workflow: CONTRACT.name, version: '1.0.0', contract, portreeve: '0.1.0' };
    const how = { origin: 'bundle', signed_by: ['k'], bytes: 1, added_by: 'prn_o', added_at: at } as const;
    await uow.transaction((tx) => store.insert(tx, { ...about, ...how, state }, null));
    for (const kind of ['tests', 'red-team'] as const) {
      const figures = {
        unattended_harm: 0,
        attack_success_per_mille: 0,
        false_alarms_per_mille: 0,
        injection_recall_per_mille: 1000,
      };
      const report = {
        kind,
        workflow: CONTRACT.name,
        release,
        portreeve: '0.1.0',
        started: at,
        ended: at,
        ok: true,
        figures,
      };
      const attached = {
        evidence: digestOfText(`${name} ${kind}`),
        cases: 1,
        signed_by: ['k'],
        attached_by: 'prn_o',
        attached_at: at,
      };
      await uow.transaction((tx) => store.attach(tx, { ...report, ...attached } as StoredEvidence, ''));
    }
    return release;
  };
  const [before, release] = [
    await added('before', 'production'),
    await added('after', 'staging', { ...CONTRACT, rollout: ROLLOUT }),
  ];
  const move = async (tool: string, over: object = {}, of = release) => {
    const evidence = evidenceDigests(await store.evidence(of));
    const args = { workflow: CONTRACT.name, release: of, replaces: before, evidence, reason: 'a test', ...over };
    return carryOutMove(deps, { tool, args, proposal: newId('proposal', clock), actor: SYSTEM_ACTOR });
  };
  const step = (n: number, over: object = {}) =>
    move(pilotRelease.name, { step: n, rollout: rolloutDigest(ROLLOUT), left: n === 1 ? null : NOTHING, ...over });
  const state = async (of = release) => (await store.get(of))?.state;
  return { ...deps, before, release, added, move, step, state, ended };
}

describe('H9: how a release goes on by its rollout', () => {
  test('from staging it enters its first step and not production; the one before stays there', async () => {
    const at = await setUp();
    expect(await at.move(promoteRelease.name, { left: null })).toMatchObject({
      done: false,
      reason: expect.stringContaining('something else'),
    });
    expect(await at.step(2)).toMatchObject({ done: false });
    expect(await at.step(1, { rollout: digestOfText('other steps') })).toMatchObject({ done: false });
    expect(await at.step(1)).toMatchObject({ done: true, replaced: null });
    expect([await at.state(), await at.state(at.before)]).toEqual(['pilot', 'production']);
    expect(await at.pilots.get(at.release)).toMatchObject({ index: 0, taken: 0 });
    expect(at.audit.of('release.moved')).toMatchObject([{ data: { event: 'pilot', step: 1, other: null } }]);
  });

  test('a step is left only by what is recorded when it is done, whatever was said when it was asked', async () => {
    const at = await setUp();
    await at.step(1);
    expect(await at.step(2)).toMatchObject({ done: false, reason: expect.stringContaining('runs_min: 0 runs') });
    at.ended.ended = 2;
    expect(await at.step(2)).toMatchObject({ done: false, reason: expect.stringContaining('minutes_min') });
    at.clock.advance(10 * 60_000);
    at.ended.failed = 1;
    expect(await at.step(2)).toMatchObject({ done: false, reason: expect.stringContaining('failed_max') });
    at.ended.failed = 0;
    expect(await at.step(2, { left: { ...NOTHING, missed: ['records_complete'] } })).toMatchObject({ done: false });
    expect(await at.step(2, { left: { ...NOTHING, step: 2 } })).toMatchObject({ done: false });
    expect(await at.step(2)).toMatchObject({ done: true });
    expect(await at.pilots.get(at.release)).toMatchObject({ index: 1 });
    at.clock.advance(10 * 60_000);
    expect(await at.move(promoteRelease.name, { left: { ...NOTHING, step: 2 } })).toMatchObject({
      done: true,
      replaced: at.before,
    });
    expect([await at.state(), await at.state(at.before)]).toEqual(['production', 'retired']);
    expect(await at.pilots.get(at.release)).toBeNull();
  });

  test('a release that declares no steps has those of the one in production; two are not tried at once', async () => {
    const at = await setUp();
    await at.step(1);
    const third = await at.added('third', 'staging', { ...CONTRACT, rollout: ROLLOUT });
    const args = { step: 1, rollout: rolloutDigest(ROLLOUT), left: null };
    expect(await at.move(pilotRelease.name, args, third)).toMatchObject({
      done: false,
      reason: expect.stringContaining('it ends first'),
    });
    const [found, current] = [await at.store.get(third), await at.store.get(at.before)];
    const inProduction = { ...current!, contract: { ...CONTRACT, rollout: ROLLOUT } };
    const plan = (all: StoredRelease[]) => planOf({ found: { ...found!, contract: CONTRACT }, all, step: null });
    expect(plan([inProduction])).toEqual({ event: 'pilot', rollout: ROLLOUT, index: 0 });
    expect(plan([current!])).toEqual({ event: 'promote' });
    // Nothing is there to be a shadow of.
    expect(planOf({ found: found!, all: [], step: null })).toMatchObject({ event: 'pilot', index: 1 });
  });
});
