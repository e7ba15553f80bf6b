import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkEvidence } from './check.ts';
import type { Done } from './desk.ts';
import type { Evidence } from './evidence.ts';
import { failOver } from './failover.ts';
import { FAULTS } from './faults.ts';
import { type House, openHouse } from './house.ts';
import { type Tortured, torture } from './torture.ts';

/*
 * The short form of `npm run torture`: as many faults as fit into its time, in an order and at instants that its seed says.
 */

const SEED = Number(process.env.TORTURE_SEED ?? randomInt(2 ** 31));
const MS = 10_000;

let house: House;
let tortured: Tortured;
beforeAll(async () => {
  console.log(`torture: seed ${SEED} (again: TORTURE_SEED=${SEED})`);
  house = await openHouse();
  tortured = await torture(house, { seed: SEED, ms: MS, rests: false, faults: FAULTS.filter(({ isLong }) => !isLong) });
}, 300_000);
afterAll(async () => {
  await house?.close();
}, 60_000);

describe('under faults at random instants', () => {
  test('J2 F9 G3 INV1 INV3 INV6 INV8: no rule is broken after any of them, and in the end everything is at rest', () => {
    const { played } = tortured;
    console.log(
      played.map(({ fault, skipped }) => `${fault}${skipped === null ? '' : ` (skipped: ${skipped})`}`).join('\n'),
    );
    expect(played.length).toBeGreaterThan(1);
    expect(played.filter(({ violations }) => violations.length > 0)).toEqual([]);
    expect(tortured.evidence.journal.length).toBeGreaterThan(0);
  });
});

describe('the checker can fail', () => {
  const broken = (change: Partial<Evidence>): string[] => [
    ...new Set(checkEvidence({ ...tortured.evidence, ...change }, 'at_rest').map(({ rule }) => rule.split(' ')[0]!)),
  ];
  const published = (): Done => {
    const found = tortured.evidence.journal.find(
      (line): line is Done => line.type === 'done' && line.tool === 'publish_note',
    );
    if (!found) throw new Error('nothing was published: the load is too small to show anything');
    return found;
  };
  const withLine = (line: Done): Partial<Evidence> => ({ journal: [...tortured.evidence.journal, line] });
  const without = (type: string, grant: string): Partial<Evidence> => ({
    records: tortured.evidence.records.filter((each) => !(each.type === type && each.refs.grant === grant)),
  });

  test('INV6: an effect that happened twice is found', () => {
    expect(broken(withLine(published()))).toEqual(['INV6']);
  });
  test('INV1 INV3: an effect without a grant is found', () => {
    const grant = 'grant_nobody';
    expect(broken(withLine({ ...published(), grant, case_id: 'CASE-9', proposal: 'prop_nobody-1' }))).toEqual(
      expect.arrayContaining(['INV1', 'INV3', 'INV4', 'INV5']),
    );
  });
  test('INV4: an effect that nobody approved is found', () => {
    const { records } = tortured.evidence;
    const { proposal } = published();
    const approval = records.find(({ type, refs }) => type === 'approval.requested' && refs.proposal === proposal)!.refs
      .approval;
    const silent = records.filter(({ type, refs }) => !(type === 'approval.verdict' && refs.approval === approval));
    expect(broken({ records: silent })).toContain('INV4');
  });
  test('INV3: an effect whose intent is not on record is found', () => {
    expect(broken(without('execution.intent', published().grant))).toContain('INV3');
  });
  test('INV5: other arguments than those that were approved are found', () => {
    const { journal } = tortured.evidence;
    const line = published();
    const other = { ...line, args_digest: `sha256:${'0'.repeat(64)}` };
    expect(broken({ journal: journal.map((each) => (each === line ? other : each)) })).toEqual(['INV5']);
  });
  test('J2: a run that is lost, and one that waits for nobody, are found', () => {
    const { runs } = tortured.evidence;
    expect(broken({ runs: runs.slice(1) })).toContain('no');
    expect(broken({ runs: runs.map((run) => ({ ...run, state: 'running' })) })).toContain('every');
  });
  test('G2: a log that does not verify, or that was another before, is found', () => {
    const { log, head } = tortured.evidence;
    expect(broken({ log: { ...log, ok: false, kind: 'forked', problem: 'a fork' } })).toEqual(['INV10']);
    expect(broken({ earlier: [{ ...head, now: 'another' }] })).toEqual(['the']);
  });
});

// Last: the house is of no use afterwards.
test('G2 INV3: a standby takes over without the newest records: it is seen, nothing acts, and no start is possible', {
  timeout: 120_000,
}, async () => {
  expect((await failOver(house, SEED)).violations).toEqual([]);
});
