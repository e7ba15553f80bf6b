import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkEvidence } from './check.ts';
import type { DeskLine, Done } from './desk.ts';
import type { Evidence, Told } from './evidence.ts';
import { failOver } from './failover.ts';
import { FAULTS } from './faults.ts';
import { type House, openHouse } from './house.ts';
import { type Tortured, torture } from './torture.ts';

/*
 * The short form of `npm run torture`: as many faults as fit into its time, in an order and at instants that its seed says.
 */

const SEED = Number(process.env.TORTURE_SEED || randomInt(2 ** 31));
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
  /** The records, with those of a type about a proposal as `change` makes them; null: without them. */
  const changed = (type: string, proposal: string, change: (record: Told) => Told | null): Partial<Evidence> => ({
    records: tortured.evidence.records.flatMap((record) =>
      record.type === type && record.refs.proposal === proposal ? (change(record) ?? []) : [record],
    ),
  });
  const published = (): Done => {
    const isPublished = (line: DeskLine): line is Done => line.type === 'done' && line.tool === 'publish_note';
    const found = tortured.evidence.journal.find(isPublished);
    if (!found) throw new Error('nothing was published: the load is too small to show anything');
    return found;
  };
  const withLine = (line: Done): Partial<Evidence> => ({ journal: [...tortured.evidence.journal, line] });

  test('INV1 INV3: an effect without a grant is found', () => {
    const line = { ...published(), grant: 'grt_nobody', case_id: 'CASE-9', proposal: 'prop_nobody-1' };
    expect(broken(withLine(line))).toEqual(['INV1', 'INV3', 'INV4', 'INV5']);
  });
  test('INV2: a grant that no decision permits is found', () => {
    const refused = (record: Told): Told => ({ ...record, data: { ...record.data, decision: { outcome: 'refuse' } } });
    expect(broken(changed('decision.made', published().proposal, refused))).toEqual(['INV2']);
    expect(broken(changed('decision.made', published().proposal, () => null))).toEqual(['INV2']);
  });
  test('INV3: an effect whose intent is not on record is found', () => {
    expect(broken(changed('execution.intent', published().proposal, () => null))).toContain('INV3');
  });
  test('INV4: an effect that nobody approved, or that was approved afterwards, is found', () => {
    const { records } = tortured.evidence;
    const { proposal } = published();
    const asked = records.find(({ type, refs }) => type === 'approval.requested' && refs.proposal === proposal)!;
    const isVerdict = ({ type, refs }: Told) => type === 'approval.verdict' && refs.approval === asked.refs.approval;
    expect(broken({ records: records.filter((record) => !isVerdict(record)) })).toContain('INV4');
    const late = records.map((record) => (isVerdict(record) ? { ...record, index: records.length } : record));
    expect(broken({ records: late })).toEqual(['INV4']);
  });
  test('INV5: other arguments than those that were approved, and another proposal than was signed, are found', () => {
    const { journal } = tortured.evidence;
    const line = published();
    const other = { ...line, args_digest: `sha256:${'0'.repeat(64)}` };
    expect(broken({ journal: journal.map((each) => (each === line ? other : each)) })).toEqual(['INV5']);
    const another = (record: Told): Told => ({ ...record, data: { ...record.data, digest: other.args_digest } });
    expect(broken(changed('proposal.submitted', line.proposal, another))).toEqual(['INV5']);
  });
  test('INV6: an effect that happened twice is found', () => {
    expect(broken(withLine(published()))).toEqual(['INV6']);
  });
  test('INV7: a note that hides where it came from is found', () => {
    const trusted = (record: Told): Told => ({
      ...record,
      data: { ...record.data, influence: { integrity: 'trusted' } },
    });
    expect(broken(changed('proposal.submitted', published().proposal, trusted))).toEqual(['INV7']);
  });
  test('INV8: a call after one whose outcome is not known, and one that nobody was told of, are found', () => {
    const unknown = (record: Told): Told => ({ ...record, index: 0, data: { ...record.data, state: 'unknown' } });
    expect(broken(changed('execution.result', published().proposal, unknown))).toEqual(['INV8', 'what']);
  });
  test('INV9: a run that goes on with another release is found', () => {
    const other = (record: Told): Told => ({
      ...record,
      refs: { ...record.refs, release: `sha256:${'0'.repeat(64)}` },
    });
    const line = published();
    expect(broken(changed('execution.intent', line.proposal, other))).toContain('INV9');
  });
  test('INV10 G2: a log that does not verify, or that was another before, is found', () => {
    const { log, head } = tortured.evidence;
    expect(broken({ log: { ...log, ok: false, kind: 'forked', problem: 'a fork' } })).toEqual(['INV10']);
    expect(broken({ earlier: [{ ...head, now: 'another' }] })).toEqual(['the']);
  });
  test('J2: a run that is lost, one that waits for nobody, and a verdict that is lost are found', () => {
    const { runs, asked } = tortured.evidence;
    expect(broken({ runs: runs.slice(1) })).toContain('no');
    expect(broken({ runs: runs.map((run) => ({ ...run, state: 'running' })) })).toContain('every');
    expect(broken({ asked: { ...asked, verdicts: new Map([['appr_nobody', 'deny']]) } })).toContain('no');
  });
});

// Last: the house is of no use afterwards.
test('G2 INV3: a standby takes over without the newest records: it is seen, nothing acts, and no start is possible', {
  timeout: 120_000,
}, async () => {
  expect((await failOver(house, SEED)).violations).toEqual([]);
});
