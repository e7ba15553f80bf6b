import type { Boundaries, JsonObject, RecordType } from '@portreeve/contract';
import { answerOf } from '@portreeve/model/testing';
import { describe, expect, test } from 'vitest';
import { type RunHarness, runHarness } from './testing/harness.ts';

const answers: Boundaries = {
  repositories: [],
  logs: ['case-logs'],
  production_logs: false,
  secrets: 'keep',
  identifiers: { customer: 'clear', personal: 'clear' },
  kept: { models: ['public-cloud'], days: 30 },
};
type Source = NonNullable<NonNullable<Parameters<RunHarness['load']>[0]>['source']>;

/** A run of a workflow that answers so, over a source that is so; it ends or waits for the approval of its action. */
async function ran(over: Partial<Boundaries>, source: Source = {}, items?: readonly JsonObject[]) {
  const house = runHarness();
  house.load({ contract: { boundaries: { ...answers, ...over } } as unknown as JsonObject, source });
  if (items) house.items = () => items;
  const { id } = await house.submit();
  await house.carry(id, {
    onWait: async () => {
      if ((await house.run(id)).approval) await house.approve(id);
    },
  });
  const of = (type: RecordType): unknown[] => house.gate.audit.of(type).map(({ data }) => data);
  return { house, id, run: await house.run(id), of };
}
const codes = (data: unknown) =>
  (data as { decision: { reasons: { code: string }[] } } | undefined)?.decision.reasons.map(({ code }) => code);

describe('A6: a read that the workflow has not answered for is refused, and names the declaration', () => {
  test.each([
    ['logs that are not named', { logs: [] }, { holds: 'logs' }, 'boundary_logs', 'boundaries.logs'],
    ['code that is not named', {}, { holds: 'repository' }, 'boundary_repository', 'boundaries.repositories'],
    [
      'logs of production',
      {},
      { holds: 'logs', production: true },
      'boundary_production_logs',
      'boundaries.production_logs',
    ],
  ] as const)('%s', async (_name, over, source, code, declaration) => {
    const { house, run, of } = await ran({ ...over } as unknown as Partial<Boundaries>, { ...source });
    expect(run.state).toBe('refused');
    expect(run.ending).toContain(declaration);
    expect(house.reads.count).toBe(0);
    expect(codes(of('source.refused')[0])).toContain(code);
    expect(of('source.read')).toEqual([]);
  });

  test('what is answered for is read', async () => {
    for (const [over, source] of [
      [{}, { holds: 'logs' }],
      [{ production_logs: true }, { holds: 'logs', production: true }],
      [{ repositories: ['case-logs'] }, { holds: 'repository' }],
    ] as [Partial<Boundaries>, Source][]) {
      const { run, house } = await ran(over, source);
      expect(run.state).toBe('completed');
      expect(house.reads.count).toBe(1);
    }
  });

  test('a workflow that has answered nothing reads as before', async () => {
    const house = runHarness();
    house.load({ source: { holds: 'logs', production: true } });
    const { id } = await house.submit();
    await house.carry(id, { onWait: () => house.approve(id) });
    expect((await house.run(id)).state).toBe('completed');
  });
});

describe('A6: identifiers go into a question as the workflow has answered', () => {
  const named = { categories: ['personal'] } as unknown as Source;
  const items = [{ line: 'mail from bob.builder@corp.example' }];

  test('never: the question goes nowhere, and a person takes it', async () => {
    for (const category of ['personal', 'customer'] as const) {
      const identifiers = { ...answers.identifiers, [category]: 'never' };
      const { run, house, of } = await ran({ identifiers }, { categories: [category] } as Source, items);
      expect(run.state).toBe('handed_off');
      expect(house.asks.count).toBe(0);
      expect(codes(of('endpoint.refused')[0])).toContain(`boundary_${category}`);
    }
  });

  test('as pseudonyms: an endpoint that is cleared for names gets none', async () => {
    let seen = '';
    const house = runHarness();
    house.load({
      contract: {
        boundaries: { ...answers, identifiers: { ...answers.identifiers, personal: 'pseudonyms' } },
      } as unknown as JsonObject,
      source: named,
    });
    house.items = () => items;
    house.endpoints = house.endpoints.map((each) => ({
      ...each,
      clearance: { confidentiality: 'restricted', categories: ['personal', 'customer'] },
    }));
    house.answer = (asked) => {
      seen = JSON.stringify(asked);
      return answerOf({ text: 'Somebody wrote.' });
    };
    const { id } = await house.submit();
    await house.carry(id, { onWait: () => house.approve(id) });
    expect(house.asks.count).toBe(1);
    expect(seen).not.toContain('bob.builder');
    expect(house.gate.audit.of('prompt.assembled')).toMatchObject([{ data: { deidentified: { email: 1 } } }]);
  });

  test('in clear: it goes as it is, as far as the endpoint is cleared', async () => {
    let seen = '';
    const house = runHarness();
    house.load({ contract: { boundaries: answers } as unknown as JsonObject, source: named });
    house.items = () => items;
    house.endpoints = house.endpoints.map((each) => ({
      ...each,
      clearance: { confidentiality: 'restricted', categories: ['personal'] },
    }));
    house.answer = (asked) => {
      seen = JSON.stringify(asked);
      return answerOf({ text: 'Somebody wrote.' });
    };
    const { id } = await house.submit();
    await house.carry(id, { onWait: () => house.approve(id) });
    expect(seen).toContain('bob.builder');
  });
});

test('A6: a question goes only where the workflow lets its prompts be', async () => {
  const { run, house, of } = await ran({ kept: { models: ['inside'], days: 30 } });
  expect(run.state).toBe('handed_off');
  expect(house.asks.count).toBe(0);
  expect(codes(of('endpoint.refused')[0])).toContain('boundary_models');
});

test('A6: credentials are taken out of a question where the workflow says so, and the record counts them', async () => {
  const secret = `AKIA${'IOSFODNN7EXAMPLE'}`;
  for (const secrets of ['redact', 'keep'] as const) {
    let seen = '';
    const house = runHarness();
    house.load({ contract: { boundaries: { ...answers, secrets } } as unknown as JsonObject });
    house.items = () => [{ line: `signed in with ${secret}` }];
    house.answer = (asked) => {
      seen = JSON.stringify(asked);
      return answerOf({ text: 'Somebody signed in.' });
    };
    const { id } = await house.submit();
    await house.carry(id, { onWait: () => house.approve(id) });
    expect(seen.includes(secret)).toBe(secrets === 'keep');
    const [assembled] = house.gate.audit.of('prompt.assembled');
    expect(assembled?.data.secrets_redacted).toBe(secrets === 'redact' ? 1 : undefined);
  }
});

test('A6: with 0 days nothing of what a run read and was answered outlives it', async () => {
  const kept = await ran({});
  expect(kept.run.state).toBe('completed');
  expect(kept.house.values.rows.size).toBeGreaterThan(0);
  const gone = await ran({ kept: { models: ['public-cloud'], days: 0 } });
  expect(gone.run.state).toBe('completed');
  expect(gone.house.values.rows.size).toBe(0);
});
