import { type Clearance, fixedClock } from '@portreeve/contract';
import { createModel, ProviderError } from '@portreeve/model';
import { answerOf, scriptedProvider } from '@portreeve/model/testing';
import { describe, expect, test } from 'vitest';
import type { Endpoint } from './route-question.ts';
import { type RunHarness, runHarness } from './testing/index.ts';
import { whenAway } from './when-away.ts';

const EVERYTHING: Clearance = { confidentiality: 'restricted', categories: ['personal', 'customer'] };
const PUBLIC: Clearance = { confidentiality: 'public', categories: [] };
const down = () => new ProviderError('status', 'HTTP 503', { transient: true, status: 503 });

interface Script {
  readonly name: string;
  readonly clearance?: Clearance;
  /** What it does each time that it is asked; the last one for ever. */
  readonly does: readonly (Error | 'answers')[];
}

/** A harness with endpoints that follow a script, each attempt counted. */
function setUp(scripts: readonly Script[]) {
  const harness = runHarness();
  const asked: string[] = [];
  const { clock } = harness.gate;
  harness.endpoints = scripts.map(({ name, clearance = EVERYTHING, does }): Endpoint => {
    let n = 0;
    const provider = {
      ...scriptedProvider([], { name, clearance }),
      async complete() {
        asked.push(name);
        const now = does[Math.min(n++, does.length - 1)];
        if (now instanceof Error) throw now;
        return answerOf({ text: `${name} answers` });
      },
    };
    const resilience = { attempts_max: 2, breaker_failures: 2, breaker_half_open_after_ms: 10_000 };
    const sleep = async () => undefined;
    return { name, clearance, where: 'public-cloud', ask: createModel({ provider, clock, resilience, sleep }) };
  });
  harness.code = async (context) => {
    const logs = await context.read('case-logs', { case_id: 'case-7' });
    await context.ask('summarize', { logs: logs.evidence });
    return { asked: true };
  };
  return { harness, asked };
}

async function carried(harness: RunHarness, onWait?: (topic: string, until: Date) => Promise<void>) {
  const { id } = await harness.submit();
  await harness.carry(id, onWait ? { onWait } : {});
  const [work] = await harness.gate.handoffs.list({ run: id });
  return { run: await harness.run(id), work: work ?? null, records: harness.gate.audit };
}
/** Waiting takes as long as it takes. */
const patient = (harness: RunHarness) => async (_topic: string, until: Date) => {
  harness.gate.clock.advance(until.getTime() - harness.gate.clock.now().getTime());
};
const declare = (harness: RunHarness, on_outage: object, tier = 'low') => {
  const { definition, ...loaded } = harness.load({ tier });
  const contract = { ...definition.contract, on_outage: on_outage as never };
  harness.loaded.set(loaded.release, { ...loaded, definition: { ...definition, contract } });
};

describe('E6: fallback in the declared order', () => {
  test('a question whose endpoint is down goes to the next one; the record says who answered and why not the first', async () => {
    const { harness, asked } = setUp([
      { name: 'first', does: [down()] },
      { name: 'second', does: ['answers'] },
    ]);
    const { run, records } = await carried(harness);
    expect(run.state).toBe('completed');
    expect(asked).toEqual(['first', 'first', 'second']);
    expect(records.of('endpoint.passed_over').map(({ data }) => data)).toEqual([
      {
        ...{ prompt: 'summarize', endpoint: 'first', call: expect.stringMatching(/^call_/), code: 'unavailable' },
        reason: 'no answer after 2 attempts: HTTP 503',
      },
    ]);
    expect(records.of('prompt.assembled').map(({ data }) => data.endpoint)).toEqual(['first', 'second']);
    expect(records.of('model.answered').map(({ data }) => data.provider)).toEqual(['second']);
  });

  test('policy is asked again for the next one, which gets nothing that it is not cleared for', async () => {
    const { harness, asked } = setUp([
      { name: 'first', does: [down()] },
      { name: 'public', clearance: PUBLIC, does: ['answers'] },
      { name: 'third', does: ['answers'] },
    ]);
    const { run, records } = await carried(harness);
    expect(run.state).toBe('completed');
    expect(asked).not.toContain('public');
    expect(records.of('endpoint.refused').map(({ data, outcome }) => [data.endpoint, outcome])).toEqual([
      ['public', 'refuse'],
    ]);
    expect(records.of('prompt.assembled').at(-1)?.data.request).toMatchObject({ endpoint: { name: 'third' } });
  });

  test('a vendor that cuts access is passed over, and one that refuses the question itself is not', async () => {
    const cut = new ProviderError('status', 'HTTP 401', { transient: false, status: 401 });
    const { harness } = setUp([
      { name: 'first', does: [cut] },
      { name: 'second', does: ['answers'] },
    ]);
    const { run, records } = await carried(harness);
    expect(run.state).toBe('completed');
    expect(records.of('endpoint.passed_over')[0]?.outcome).toBe('no_access');

    const wrong = new ProviderError('status', 'HTTP 400', { transient: false, status: 400 });
    const other = setUp([
      { name: 'first', does: [wrong] },
      { name: 'second', does: ['answers'] },
    ]);
    const { work } = await carried(other.harness);
    expect(work).toMatchObject({ kind: 'model_failed', context: { code: 'rejected' } });
    expect(other.asked).toEqual(['first']);
  });

  test('one that is known to be down is left alone, and the next question goes to the second at once', async () => {
    const { harness, asked } = setUp([
      { name: 'first', does: [down()] },
      { name: 'second', does: ['answers'] },
    ]);
    await carried(harness);
    const { records } = await carried(harness);
    expect(asked).toEqual(['first', 'first', 'second', 'second']);
    expect(records.of('endpoint.passed_over').at(-1)?.data).toMatchObject({ endpoint: 'first', call: null });
  });
});

describe('E6: where no endpoint answers', () => {
  test('a person gets it at once where nothing else is declared, with what was tried', async () => {
    const { harness } = setUp([
      { name: 'first', does: [down()] },
      { name: 'second', does: [down()] },
    ]);
    const { run, work } = await carried(harness);
    expect(run.state).toBe('handed_off');
    expect(work).toMatchObject({
      kind: 'fallback',
      context: { prompt: 'summarize', endpoints: [{ endpoint: 'first' }, { endpoint: 'second', code: 'unavailable' }] },
    });
  });

  test('it waits as declared, says so once, and goes on when an endpoint is back; nothing is lost', async () => {
    const { harness, asked } = setUp([{ name: 'only', does: [down(), down(), down(), 'answers'] }]);
    declare(harness, { do: 'wait', minutes: 60 }, 'high');
    const states: string[] = [];
    const { id } = await harness.submit();
    await harness.carry(id, {
      onWait: async (topic, until) => {
        states.push(`${topic} ${(await harness.run(id)).state}`);
        await patient(harness)(topic, until);
      },
    });
    expect((await harness.run(id)).state).toBe('completed');
    expect(new Set(states)).toEqual(new Set(['model waiting']));
    expect(asked).toEqual(['only', 'only', 'only', 'only']);
    const { audit } = harness.gate;
    expect(audit.of('question.waits').map(({ data }) => data)).toEqual([
      { prompt: 'summarize', code: 'unavailable', reason: expect.any(String), until: '2026-11-20T13:00:00.000Z' },
    ]);
  });

  test('what waited for as long as declared is a person’s work', async () => {
    const { harness } = setUp([{ name: 'only', does: [down()] }]);
    declare(harness, { do: 'wait', minutes: 5 }, 'high');
    const from = harness.gate.clock.now().getTime();
    const { run, work } = await carried(harness, patient(harness));
    expect(run.state).toBe('handed_off');
    expect(work?.kind).toBe('fallback');
    expect(harness.gate.clock.now().getTime() - from).toBe(5 * 60_000);
  });

  test('a low risk is degraded as declared: the answer stands in, marked as nobody’s, and is on record', async () => {
    const { harness } = setUp([{ name: 'only', does: [down()] }]);
    declare(harness, { do: 'degrade', answers: { summarize: { text: 'No summary: the model is away.' } } });
    harness.code = async (context) => {
      const logs = await context.read('case-logs', { case_id: 'case-7' });
      const summary = await context.ask('summarize', { logs: logs.evidence });
      return { origins: [...summary.label.origins] };
    };
    const { run, work, records } = await carried(harness);
    expect(run).toMatchObject({ state: 'completed', result: { origins: ['degraded:summarize'] } });
    expect(work).toBeNull();
    expect(records.of('question.degraded')[0]?.data).toMatchObject({ prompt: 'summarize' });
    expect(records.of('output.validated')).toEqual([]);
  });

  test('data that may not go to the fallback waits, although the fallback would answer', async () => {
    const { harness, asked } = setUp([
      { name: 'inside', does: [down(), down(), 'answers'] },
      { name: 'public', clearance: PUBLIC, does: ['answers'] },
    ]);
    declare(harness, { do: 'wait', minutes: 60 }, 'high');
    const { run } = await carried(harness, patient(harness));
    expect(run.state).toBe('completed');
    expect(new Set(asked)).toEqual(new Set(['inside']));
  });

  test('F9: a process that dies while a question waits loses nothing: the next one goes on', async () => {
    for (let step = 1; step < 8; step++) {
      for (const when of ['before', 'after'] as const) {
        const { harness } = setUp([{ name: 'only', does: [down(), down(), down(), 'answers'] }]);
        declare(harness, { do: 'wait', minutes: 60 }, 'high');
        const { id } = await harness.submit();
        await harness.carry(id, { crash: { step, when }, onWait: patient(harness) });
        await harness.carry(id, { onWait: patient(harness) });
        expect(`${step} ${when} ${(await harness.run(id)).state}`).toBe(`${step} ${when} completed`);
      }
    }
  });
});

describe('E5: where the limits or a budget are reached', () => {
  const now = fixedClock('2026-11-20T08:00:00Z').now();
  const question = { prompt: 'summarize', on_outage: undefined, input: {}, owner: 'finance' };
  const over = (code: 'busy' | 'budget_exhausted' | 'unavailable', retry_after_ms: number | null = null) => ({
    ...{ endpoint: 'claude', call: null, code, reason: `because of ${code}`, retry_after_ms },
  });
  const when = (passed: Parameters<typeof whenAway>[0], random = 0) =>
    whenAway(passed, question, { now, since: now, random: () => random });

  test('a question waits for its turn whatever is declared for outages, and comes back spread', () => {
    expect(when([over('busy', 30_000)])).toMatchObject({
      do: 'wait',
      again: new Date(now.getTime() + 30_000),
      until: null,
    });
    expect(when([over('busy', 30_000)], 0.5)).toMatchObject({ again: new Date(now.getTime() + 45_000) });
    expect(when([over('unavailable', 9), over('busy', 3_600_000)])).toMatchObject({
      ...{ do: 'wait', again: new Date(now.getTime() + 60_000) },
    });
  });

  test('a budget that is used up ends in a hand-off that says which, and what to do', () => {
    expect(when([over('budget_exhausted')])).toMatchObject({
      do: 'end',
      ending: {
        text: 'The question summarize was not asked: because of budget_exhausted.',
        next: expect.stringContaining('have finance raise the budget'),
        handoff: { kind: 'budget_exhausted' },
      },
    });
  });
});
