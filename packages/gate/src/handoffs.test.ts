import { actorOf, asId, BOTTOM, digestOf, type JsonObject, Labelled, newId, type Principal } from '@portreeve/contract';
import { open as read } from '@portreeve/contract/open';
import { describe, expect, test } from 'vitest';
import { HANDOFF_EVENTS, HANDOFF_TABLE, nextHandoffState } from './handoff-states.ts';
import type { HandoffWish } from './handoffs.ts';
import { gateHarness } from './testing/index.ts';

const AWAITS: JsonObject = {
  type: 'object',
  properties: { total: { type: 'integer' } },
  required: ['total'],
  additionalProperties: false,
};
const SECRET = {
  ...BOTTOM,
  integrity: 'untrusted',
  confidentiality: 'confidential',
  categories: ['customer'],
} as const;
const DESK = { title: 'By hand', steps: ['Look.', 'Write.'], group: 'desk', escalate_to: 'leads', due_minutes: 60 };

const opened = async (over: Partial<HandoffWish> = {}) => {
  const woken: string[] = [];
  const harness = gateHarness({
    procedures: { summarize: DESK },
    finished: async (_tx, handoff) => void woken.push(handoff.id),
  });
  const { requester, ana, bo: ben } = harness.people;
  const run = newId('run', harness.clock);
  const wish: HandoffWish = {
    kind: 'model_failed',
    run,
    proposal: null,
    workflow: 'incident-summary',
    release: digestOf('the release of a run'),
    about: null,
    why: 'No answer.',
    context: { prompt: 'summarize' },
    next: 'Write it by hand.',
    actor: actorOf(requester.principal),
    ...over,
  };
  const id = await harness.uow.transaction((tx) => harness.handoffs.open(tx, wish));
  const member = (person: { principal: Principal }, ...groups: string[]): Principal => ({
    ...person.principal,
    groups,
  });
  return { ...harness, run, id, wish, woken, requester, ana, ben, member };
};
const done = (note = 'Did it.') => ({ note, result: null });

describe('I8: the queue of work for people', () => {
  test('every cell of its states leads where the table says', () => {
    for (const [state, row] of Object.entries(HANDOFF_TABLE) as [
      keyof typeof HANDOFF_TABLE,
      (typeof HANDOFF_TABLE)['open'],
    ][])
      for (const event of HANDOFF_EVENTS) {
        const next = row[event];
        if (next === null) expect(() => nextHandoffState(state, event)).toThrow(/finished already/);
        else expect(nextHandoffState(state, event)).toBe(next);
      }
  });

  test('opening, taking and finishing is recorded, with who did it', async () => {
    const { handoffs, audit, id, run, ana, clock } = await opened();
    expect(await handoffs.get(id)).toMatchObject({
      state: 'open',
      kind: 'model_failed',
      run,
      next: 'Write it by hand.',
    });
    expect(await handoffs.list({ states: ['open'] })).toHaveLength(1);
    clock.advance(60_000);
    await handoffs.take(id, ana.principal);
    const closed = await handoffs.finish(id, done('Wrote it myself.'), ana.principal);
    expect(closed).toMatchObject({ state: 'done', closed_at: clock.now().toISOString(), assignee: ana.principal.id });
    expect(await handoffs.get(id)).toEqual(closed);
    // H1: each of them says by which release the run went.
    expect(new Set(audit.drafts.map(({ refs }) => refs?.release))).toEqual(new Set([digestOf('the release of a run')]));
    expect(audit.drafts).toMatchObject([
      { type: 'handoff.opened', outcome: 'model_failed', refs: { handoff: id, run }, actor: { name: 'rita' } },
      { type: 'handoff.assigned', actor: { name: 'ana' }, data: { to: ana.principal.id, from: null } },
      { type: 'handoff.closed', outcome: 'done', refs: { handoff: id, run }, actor: { name: 'ana' } },
    ]);
  });

  test('is finished once, and only where it exists', async () => {
    const { handoffs, audit, id, ana } = await opened();
    const both = await Promise.allSettled([1, 2].map(() => handoffs.finish(id, done(), ana.principal)));
    expect(both.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
    await expect(handoffs.finish(id, done(), ana.principal)).rejects.toMatchObject({ code: 'conflict' });
    await expect(handoffs.take(id, ana.principal)).rejects.toMatchObject({ code: 'conflict' });
    const none = asId('handoff', 'hand_none');
    await expect(handoffs.finish(none, done(), ana.principal)).rejects.toMatchObject({ code: 'not_found' });
    expect(audit.of('handoff.closed')).toHaveLength(1);
  });

  test('G3: what cannot be recorded does not happen', async () => {
    const { handoffs, failAppend, id, ana } = await opened();
    failAppend(1);
    await expect(handoffs.finish(id, done(), ana.principal)).rejects.toMatchObject({ code: 'audit_unavailable' });
    expect((await handoffs.get(id))?.state).toBe('open');
  });

  test('work under the same id is opened once', async () => {
    const own = asId('handoff', 'hand_step-3');
    const { handoffs, uow, wish, audit } = await opened({ id: own });
    expect(await uow.transaction((tx) => handoffs.open(tx, wish))).toBe(own);
    expect(audit.of('handoff.opened')).toHaveLength(1);
  });

  test('is the work of the group that the procedure names, or of whoever was given it', async () => {
    const desk = { ...DESK, group: 'case-approvers' };
    const { handoffs, id, ana, ben, requester, member, clock } = await opened({
      about: 'summarize',
      procedures: { summarize: desk },
    });
    expect(await handoffs.get(id)).toMatchObject({
      group: 'case-approvers',
      procedure: { steps: ['Look.', 'Write.'] },
    });
    await expect(handoffs.take(id, member(ana))).rejects.toMatchObject({ code: 'refused' });
    await handoffs.take(id, ana.principal);
    await expect(handoffs.take(id, ben.principal)).rejects.toMatchObject({ code: 'refused' });
    await expect(handoffs.finish(id, done(), ben.principal)).rejects.toMatchObject({ code: 'refused' });
    // Who is not of the group cannot be given it either; anybody of it can, whoever had it.
    const outside = handoffs.assign(id, requester.principal.id, ana.principal);
    await expect(outside).rejects.toMatchObject({ code: 'refused' });
    const nobody = handoffs.assign(id, newId('principal', clock), ana.principal);
    await expect(nobody).rejects.toMatchObject({ code: 'refused' });
    await handoffs.assign(id, ben.principal.id, ana.principal);
    expect(await handoffs.finish(id, done(), ben.principal)).toMatchObject({ state: 'done' });
  });

  test('nobody does it for a person, and whoever asked does not review', async () => {
    const { handoffs, id, ana, requester } = await opened({ kind: 'review' });
    const given = handoffs.assign(id, requester.principal.id, ana.principal);
    await expect(given).rejects.toMatchObject({ code: 'refused' });
    const agent: Principal = { ...ana.principal, act: [{ id: 'agent:x', kind: 'agent' }] };
    for (const by of [agent, { ...ana.principal, kind: 'service' } as Principal, requester.principal])
      await expect(handoffs.finish(id, done(), by)).rejects.toMatchObject({ code: 'refused' });
    expect(await handoffs.finish(id, done(), ana.principal)).toMatchObject({ state: 'done' });
  });

  test('what is not finished in time goes up, at the latest three times, each once', async () => {
    const { handoffs, audit, id, clock } = await opened({ about: 'summarize' });
    const first = (await handoffs.get(id))!.due_at;
    expect(await handoffs.escalateDue()).toEqual([]);
    for (let level = 1; level <= 3; level++) {
      clock.advance(60 * 60_000);
      expect(await handoffs.escalateDue()).toEqual([id]);
      expect(await handoffs.escalateDue()).toEqual([]);
      expect(await handoffs.get(id)).toMatchObject({ level, group: 'leads', state: 'open' });
    }
    clock.advance(60 * 60_000);
    expect(await handoffs.escalateDue()).toEqual([]);
    expect(Date.parse((await handoffs.get(id))!.due_at)).toBeGreaterThan(Date.parse(first));
    expect(audit.of('handoff.escalated').map(({ data }) => data.by)).toEqual(['time', 'time', 'time']);
  });

  test('a person may send it up before that', async () => {
    const { handoffs, audit, id, ana, member } = await opened({ about: 'summarize' });
    await handoffs.take(id, member(ana, 'desk'));
    const up = await handoffs.escalate(id, 'I may not decide this.', ana.principal);
    expect(up).toMatchObject({ level: 1, group: 'leads', state: 'taken' });
    expect(audit.of('handoff.escalated')).toMatchObject([{ actor: { name: 'ana' }, data: { by: 'person' } }]);
  });
});

describe('I8 E6: what a person gives back', () => {
  const waiting = () =>
    opened({
      kind: 'low_confidence',
      awaits: AWAITS,
      material: [
        { name: 'answer', value: new Labelled({ total: 7 }, SECRET) },
        { name: 'invoice', value: new Labelled('Total: 8', SECRET) },
      ],
    });

  test('is a trusted value of that person, as secret as what they saw', async () => {
    const { handoffs, audit, id, ana, woken } = await waiting();
    expect(await handoffs.result(id)).toBeNull();
    const given = { note: 'It says 8.', result: { value: { total: 8 } } };
    expect(await handoffs.finish(id, given, ana.principal)).toMatchObject({ state: 'done', material: [] });
    const result = (await handoffs.result(id))!;
    expect(read(result)).toEqual({ total: 8 });
    expect(result.label).toEqual({
      integrity: 'trusted',
      confidentiality: 'confidential',
      categories: ['customer'],
      origins: [`handoff:${id}`, `person:${ana.principal.id}`],
    });
    expect(woken).toEqual([id]);
    expect(audit.of('handoff.closed')[0]).toMatchObject({
      outcome: 'changed',
      data: { result: { changed: true, label: { integrity: 'trusted' } } },
    });
  });

  test('a word that the answer was right is on record as such', async () => {
    const { handoffs, audit, id, ana } = await waiting();
    await handoffs.finish(id, { note: 'Right.', result: { value: { total: 7 } } }, ana.principal);
    expect(audit.of('handoff.closed')[0]).toMatchObject({ outcome: 'done', data: { result: { changed: false } } });
  });

  test('must be what the run waits for, and be there', async () => {
    const { handoffs, id, ana, woken } = await waiting();
    await expect(handoffs.finish(id, done(), ana.principal)).rejects.toMatchObject({ code: 'conflict' });
    const wrong = { note: 'x', result: { value: { total: 'eight' } } };
    await expect(handoffs.finish(id, wrong, ana.principal)).rejects.toMatchObject({ code: 'bad_input' });
    expect(woken).toEqual([]);
    await handoffs.finish(id, { note: 'Not an invoice.', result: { declined: true } }, ana.principal);
    expect(await handoffs.result(id)).toBeNull();
    expect(woken).toEqual([id]);
  });

  test('is refused where nothing waits', async () => {
    const { handoffs, id, ana } = await opened();
    const given = { note: 'x', result: { value: 1 } };
    await expect(handoffs.finish(id, given, ana.principal)).rejects.toMatchObject({ code: 'bad_input' });
  });
});
