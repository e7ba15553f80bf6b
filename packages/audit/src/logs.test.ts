import { asId, digestOf, draft, fixedClock, type RecordDraft, SYSTEM_ACTOR } from '@portreeve/contract';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { draftsByLog, parsePlace, placeText } from './log-routes.ts';
import { noteDraft, TEST_ORIGIN, testAuditLogs } from './testing/index.ts';

const RELEASE = digestOf('a release');
const FINANCE = 'test.example/audit/finance';
const OPERATIONS = 'test.example/audit/a-operations';
const OTHERS = {
  finance: { origin: FINANCE, workflows: ['invoices', 'payments'] },
  operations: { origin: OPERATIONS, workflows: ['incidents'] },
};
const WORKFLOWS = [null, 'invoices', 'payments', 'incidents', 'triage'] as const;
const start = '2026-11-20T08:00:00.000Z';

const of = (workflow: string | null, note = 'note'): RecordDraft =>
  noteDraft(note, workflow === null ? {} : { refs: { workflow } });
const places = (page: { readonly records: readonly { readonly place: string }[] }) =>
  page.records.map(({ place }) => place);

describe('G2: several logs', () => {
  test('G2: a record stands in the log of its workflow, else in the main one, and in no other', async () => {
    const { logs } = testAuditLogs({ others: OTHERS });
    for (const workflow of WORKFLOWS) await logs.record([of(workflow, `of ${workflow}`)]);
    const { records } = await logs.search({ order: 'oldest' });
    expect(records.map(({ place, entry, payload }) => [place, entry.log, payload?.data.note]).sort()).toEqual([
      ['0', TEST_ORIGIN, 'of null'],
      ['1', TEST_ORIGIN, 'of triage'],
      ['finance:0', FINANCE, 'of invoices'],
      ['finance:1', FINANCE, 'of payments'],
      ['operations:0', OPERATIONS, 'of incidents'],
    ]);
    expect(await logs.get('finance:1')).toMatchObject({ place: 'finance:1', entry: { index: 1, log: FINANCE } });
    expect(await logs.get('main:0')).toMatchObject({ place: '0' });
    expect(await logs.get('operations:1')).toBeNull();
    expect(() => logs.at('sales:0')).toThrow(/no log sales/);
  });

  test('G2: one transaction whose records go to several logs is written whole or not at all', async () => {
    const { logs, uow } = testAuditLogs({ others: OTHERS });
    const all = WORKFLOWS.map((workflow) => of(workflow));
    const failed = uow.transaction(async (tx) => {
      await logs.append(tx, all);
      throw new Error('the change could not be made');
    });
    await expect(failed).rejects.toThrow('the change could not be made');
    expect((await logs.search()).records).toEqual([]);
    await uow.transaction((tx) => logs.append(tx, all));
    await logs.record(all);
    const sizes = await Promise.all(logs.all.map(async ({ name, log }) => [name, await log.size()]));
    expect(sizes).toEqual([
      ['main', 4],
      ['finance', 4],
      ['operations', 2],
    ]);
  });

  test('G2: each log signs by its own name and verifies by itself', async () => {
    const { logs } = testAuditLogs({ others: OTHERS });
    await logs.record(WORKFLOWS.map((workflow) => of(workflow)));
    await logs.checkpoint();
    for (const { log } of logs.all) {
      expect((await log.newestCheckpoint())?.note.split('\n')[0]).toBe(log.origin);
      expect(log.vkey.startsWith(`${log.origin}+`)).toBe(true);
      expect(await log.verify()).toMatchObject({ ok: true, checkpoints: 1 });
    }
    // The same key under another name signs nothing of this log.
    const stray = (await logs.main.newestCheckpoint())!.note;
    expect(await logs.named('finance').log.verify({ anchors: [stray] })).toMatchObject({ ok: false });
  });

  test('G2 G6: that keys were erased stands in every log, with an id of its own', () => {
    const id = asId('record', 'rec_given');
    const keys = [asId('key', 'key_a')];
    const data = { cause: 'retention' as const, erasure: null, subject: null, requested_by: null, keys, purposes: {} };
    const erased = { ...draft({ type: 'audit.erased', actor: SYSTEM_ACTOR, data }), id } as RecordDraft;
    const originByWorkflow = new Map([
      ['invoices', FINANCE],
      ['payments', FINANCE],
    ]);
    expect(draftsByLog([erased], { main: TEST_ORIGIN, originByWorkflow })).toEqual([
      [FINANCE, [{ type: 'audit.erased', actor: SYSTEM_ACTOR, data }]],
      [TEST_ORIGIN, [erased]],
    ]);
  });

  test('G2: a place is read as it is written, and nothing else is one', () => {
    for (const [name, index] of [
      ['main', 0],
      ['finance', 7],
      ['a-b', 999_999_999_999_999],
    ] as const)
      expect(parsePlace(placeText(name, index))).toEqual({ name, index });
    for (const text of ['', '-1', '01', 'x', ':1', 'finance:', 'Finance:1', 'a:b:1', '1.0', '1e3', '9999999999999999'])
      expect(() => parsePlace(text), text).toThrow(/A place is an index/);
  });
});

describe('G4: a search over several logs', () => {
  test('G4: pages hold every record once, in one order, whatever stands in which log at which time', async () => {
    const step = fc.record({ workflow: fc.constantFrom(...WORKFLOWS), later_ms: fc.constantFrom(0, 0, 1, 1000) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 25 }),
        fc.integer({ min: 1, max: 7 }),
        fc.constantFrom('newest' as const, 'oldest' as const),
        fc.boolean(),
        async (steps, limit, order, narrowed) => {
          const clock = fixedClock(start);
          const { logs } = testAuditLogs({ others: OTHERS, clock });
          for (const { workflow, later_ms } of steps) {
            clock.advance(later_ms);
            await logs.record([of(workflow)]);
          }
          const bounds = narrowed ? { since: '2026-11-20T08:00:00.001Z', until: '2026-11-20T08:00:02.000Z' } : {};
          const whole = (await logs.search({ limit: 500, order, ...bounds })).records;
          const byTime = [...whole].sort((a, b) =>
            a.entry.time < b.entry.time ? -1 : a.entry.time > b.entry.time ? 1 : 0,
          );
          const times = (order === 'oldest' ? byTime : byTime.reverse()).map(({ entry }) => entry.time);
          expect(whole.map(({ entry }) => entry.time)).toEqual(times);
          expect(new Set(whole.map(({ place }) => place)).size).toBe(whole.length);
          if (!narrowed) expect(whole).toHaveLength(steps.length);
          const paged: string[] = [];
          for (let after: string | undefined; ; ) {
            const page = await logs.search({ limit, order, ...bounds, ...(after === undefined ? {} : { after }) });
            expect(page.records.length).toBeLessThanOrEqual(limit);
            paged.push(...places(page));
            if (page.next === null) break;
            after = page.next;
          }
          expect(paged).toEqual(places({ records: whole }));
        },
      ),
      { numRuns: 60 },
    );
  });

  test('G4 G7: only the logs are read that can have what is asked, or what the reader may see', async () => {
    const { logs, store } = testAuditLogs({ others: OTHERS });
    await logs.record(WORKFLOWS.map((workflow) => of(workflow)));
    const read: string[] = [];
    const search = store.search;
    store.search = (log, query) => {
      read.push(log);
      return search(log, query);
    };
    const asked = async (query: Parameters<typeof logs.search>[0]) => {
      read.length = 0;
      return [places(await logs.search(query)), [...new Set(read)]];
    };
    expect(await asked({ workflow: 'payments' })).toEqual([['finance:1'], [FINANCE]]);
    expect(await asked({ workflows: ['incidents'] })).toEqual([['operations:0'], [OPERATIONS]]);
    expect(await asked({ workflows: ['triage', 'incidents'] })).toEqual([
      ['1', 'operations:0'],
      [TEST_ORIGIN, OPERATIONS],
    ]);
    expect((await asked({ workflows: [] }))[0]).toEqual([]);
    expect(await asked({ log: 'finance' })).toEqual([['finance:1', 'finance:0'], [FINANCE]]);
    await expect(logs.search({ log: 'sales' })).rejects.toMatchObject({ code: 'not_found' });
  });

  test('G4: an order that no index gives over several logs is refused; within the one that has it, it is given', async () => {
    const { logs } = testAuditLogs({ others: OTHERS });
    const run = asId('run', 'run_one');
    await logs.record([
      of('triage'),
      noteDraft('b', { refs: { run, workflow: 'invoices', release: RELEASE }, outcome: 'b' }),
    ]);
    await logs.settle();
    await logs.record([noteDraft('a', { refs: { run, workflow: 'invoices', release: RELEASE }, outcome: 'a' })]);
    await expect(logs.search({ sort: 'type' })).rejects.toMatchObject({ code: 'bad_request' });
    expect(places(await logs.search({ sort: '-time' }))).toHaveLength(3);
    const first = await logs.search({ run, sort: 'outcome', limit: 1 });
    expect([places(first), first.next]).toEqual([['finance:1'], 'finance:1']);
    expect(places(await logs.search({ run, sort: 'outcome', limit: 1, after: first.next! }))).toEqual(['finance:0']);
  });

  test('G4: a cursor that no page ended with is refused', async () => {
    const { logs } = testAuditLogs({ others: OTHERS });
    await logs.record([of(null)]);
    for (const after of ['7', 'finance:0', 'sales:0', '-1', 'x'])
      await expect(logs.search({ after }), after).rejects.toMatchObject({ code: 'bad_request' });
  });

  test('G8: a run is replayed out of its log, under the checkpoint of that log', async () => {
    const { logs } = testAuditLogs({ others: OTHERS });
    const run = asId('run', 'run_one');
    await logs.record([of(null), noteDraft('a', { refs: { run, workflow: 'payments', release: RELEASE } })]);
    expect(await logs.replay(run)).toMatchObject({ log: 'finance', origin: FINANCE, records: [{ index: 0 }] });
    await expect(logs.replay(run, { workflows: ['triage'] })).rejects.toMatchObject({ code: 'not_found' });
    await expect(logs.replay(asId('run', 'run_none'))).rejects.toMatchObject({ code: 'not_found' });
  });
});
