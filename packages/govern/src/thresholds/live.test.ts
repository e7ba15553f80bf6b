import { fixedClock, newId, type RecordType, thresholdsOf } from '@portreeve/contract';
import { expect, test } from 'vitest';
import { type LiveRecord, liveFigures } from './live.ts';

const clock = fixedClock('2026-11-21T12:00:00.000Z');
const since = clock.now();
const thresholds = { ...thresholdsOf({ tier: 'medium' }), live_count_min: 4, approval_minutes_max: 60 };
let index = 0;

function record(type: RecordType, refs: object, outcome = '', data: object = {}): LiveRecord {
  clock.advance(1);
  const entry = { index: index++, time: clock.now().toISOString(), type, outcome, refs } as LiveRecord['entry'];
  return { entry, payload: { data } };
}
const figures = (records: readonly LiveRecord[]) =>
  Object.fromEntries(
    liveFigures(records, thresholds, { since, now: new Date(clock.now().getTime() + 120_000) }).map((figure) => [
      figure.threshold,
      figure,
    ]),
  );

test('H4: the share of proposals that policy refused, each by its first decision, where there are enough', () => {
  const decided = (outcome: string) => record('decision.made', { proposal: newId('proposal', clock) }, outcome);
  const three = [decided('permit'), decided('refuse'), decided('approve')];
  expect(figures(three).blocked_action_per_mille_max).toMatchObject({ value: null, counted: 3, missed: false });
  const four = [...three, decided('permit')];
  expect(figures(four).blocked_action_per_mille_max).toMatchObject({ value: 250, bound: 200, missed: true });
  const again = record('decision.made', { proposal: four[0]!.entry.refs.proposal! }, 'refuse');
  expect(figures([...four, decided('permit'), again]).blocked_action_per_mille_max).toMatchObject({
    value: 200,
    counted: 5,
    missed: false,
  });
});

test('H4: the median time until an approval has its answer; what was withdrawn or amended is none', () => {
  const waited = (minutes: number, state: string) => {
    const approval = newId('approval', clock);
    const asked = record('approval.requested', { approval });
    clock.advance(minutes * 60_000);
    return [asked, record('approval.closed', { approval }, state, { state, by: 'person' })];
  };
  const records = [
    ...waited(1, 'approved'),
    ...waited(600, 'expired'),
    ...waited(600, 'denied'),
    ...waited(2, 'withdrawn'),
  ];
  expect(figures(records).approval_minutes_max).toMatchObject({ value: null, counted: 3 });
  const median = figures([...records, ...waited(70, 'approved')]).approval_minutes_max;
  expect(median).toMatchObject({ value: 70, counted: 4, missed: true });
});

test('H4: a run that ended without its admission, or a result without its intent, is a record that is missing', () => {
  const run = () => newId('run', clock);
  const execution = () => newId('execution', clock);
  clock.advance(1);
  const [whole, cut, call, lost] = [run(), run(), execution(), execution()];
  const ended = (id: typeof whole) => record('run.ended', { run: id });
  const records = [
    ...[record('run.submitted', { run: whole }), record('run.admitted', { run: whole })],
    ...[record('execution.intent', { execution: call }), record('execution.result', { execution: call }), ended(whole)],
  ];
  expect(figures(records).records_complete).toMatchObject({ value: 0, counted: 2, missed: false });
  const missing = [
    ...records,
    record('run.submitted', { run: cut }),
    ended(cut),
    record('execution.result', { execution: lost }),
  ];
  expect(figures(missing).records_complete).toMatchObject({ value: 2, counted: 4, missed: true });
  const off = liveFigures(
    missing,
    { ...thresholds, records_complete: false },
    { since, now: new Date(clock.now().getTime() + 120_000) },
  );
  expect(off.some(({ missed }) => missed)).toBe(false);
  // What ended just now may still wait for its place in the log; what began before is not whole here.
  const now = liveFigures(missing, thresholds, { since, now: clock.now() });
  expect(now[2]).toMatchObject({ counted: 0, missed: false });
  const later = liveFigures(missing, thresholds, {
    since: clock.now(),
    now: new Date(clock.now().getTime() + 120_000),
  });
  expect(later[2]).toMatchObject({ counted: 0, missed: false });
});
