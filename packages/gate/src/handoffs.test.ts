import { actorOf, asId, newId } from '@portreeve/contract';
import { describe, expect, test } from 'vitest';
import { gateHarness } from './testing/index.ts';

const opened = async () => {
  const harness = gateHarness();
  const { requester, ana } = harness.people;
  const run = newId('run', harness.clock);
  const id = await harness.uow.transaction((tx) =>
    harness.handoffs.open(tx, {
      kind: 'model_failed',
      run,
      proposal: null,
      workflow: 'incident-summary',
      why: 'No answer.',
      context: { prompt: 'summarize' },
      next: 'Write it by hand.',
      actor: actorOf(requester.principal),
    }),
  );
  return { ...harness, run, id, ana };
};

describe('I8: the queue of work for people', () => {
  test('opening and closing is recorded, with who did it', async () => {
    const { handoffs, audit, id, run, ana, clock } = await opened();
    expect(await handoffs.get(id)).toMatchObject({
      state: 'open',
      kind: 'model_failed',
      run,
      next: 'Write it by hand.',
    });
    expect(await handoffs.list({ state: 'open' })).toHaveLength(1);
    clock.advance(60_000);
    const closed = await handoffs.close(id, 'Wrote it myself.', ana.principal);
    expect(closed).toMatchObject({ state: 'done', closed_at: clock.now().toISOString() });
    expect(await handoffs.get(id)).toEqual(closed);
    expect(audit.drafts).toMatchObject([
      { type: 'handoff.opened', outcome: 'model_failed', refs: { handoff: id, run }, actor: { name: 'rita' } },
      {
        type: 'handoff.closed',
        outcome: 'done',
        refs: { handoff: id, run },
        actor: { name: 'ana' },
        data: { note: 'Wrote it myself.' },
      },
    ]);
  });

  test('is closed once, and only where it exists', async () => {
    const { handoffs, audit, id, ana } = await opened();
    const both = await Promise.allSettled([1, 2].map(() => handoffs.close(id, 'done', ana.principal)));
    expect(both.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
    await expect(handoffs.close(id, 'again', ana.principal)).rejects.toMatchObject({ code: 'conflict' });
    await expect(handoffs.close(asId('handoff', 'hand_none'), '', ana.principal)).rejects.toMatchObject({
      code: 'not_found',
    });
    expect(audit.of('handoff.closed')).toHaveLength(1);
  });

  test('G3: what cannot be recorded does not happen', async () => {
    const { handoffs, failAppend, id, ana } = await opened();
    failAppend(1);
    await expect(handoffs.close(id, 'done', ana.principal)).rejects.toMatchObject({ code: 'audit_unavailable' });
    expect((await handoffs.get(id))?.state).toBe('open');
  });
});
