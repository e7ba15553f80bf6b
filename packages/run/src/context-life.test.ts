import { at, type JsonObject, type Life, type SourceContract, type WorkflowContext } from '@portreeve/contract';
import { answerOf } from '@portreeve/model/testing';
import { describe, expect, test } from 'vitest';
import { type CrashAt, type RunHarness, runHarness } from './testing/index.ts';

const life = (over: Partial<Life>): Life => ({ clear: 'after-run', abstract: 'none', never_keep: false, ...over });
const FIELDS: SourceContract['fields'] = [
  { name: 'line', max_chars: 100 },
  { name: 'once', max_chars: 100, life: life({ clear: 'after-step', abstract: 'counts' }) },
  { name: 'secret', max_chars: 100, life: life({ never_keep: true }) },
  { name: 'count', max_chars: 100, life: life({ clear: { minutes: 5 } }) },
];
const ITEM = { line: 'plain-line', once: 'once-only', secret: 'SECRET 4711', count: 'for-minutes' };

const ONCE = `---
id: once
version: "1.0"
step: generate
audience: inside
inputs:
  - { name: logs, description: The log of the case, clear: after-step }
output: { type: object, properties: { text: { type: string, maxLength: 200 } }, required: [text], additionalProperties: false }
---
Look at it once.
`;

const twoQuestions = async (context: WorkflowContext): Promise<JsonObject> => {
  const logs = await context.read('case-logs', { case_id: 'case-7' });
  await context.ask('summarize', { logs: logs.evidence });
  await context.ask('summarize', { logs: logs.evidence });
  return { done: true };
};

/** A harness whose asked questions are kept as texts. */
function setUp(code: (context: WorkflowContext) => Promise<JsonObject> = twoQuestions, fields = FIELDS) {
  const harness = runHarness();
  harness.load({ source: { fields } });
  harness.code = code;
  harness.items = () => [ITEM];
  const asked: string[] = [];
  harness.answer = (request) => {
    asked.push(JSON.stringify(request));
    return answerOf({ text: 'It was secret  4711 again.' });
  };
  return { harness, asked };
}

async function ended(harness: RunHarness) {
  const run = await harness.submit();
  await harness.carry(run.id);
  return harness.run(run.id);
}

describe('D7: the life of what a run has read', () => {
  test('a field is in the first question and not in the second; the prompt and the record say so', async () => {
    const { harness, asked } = setUp();
    expect(await ended(harness)).toMatchObject({ state: 'completed' });
    for (const value of ['plain-line', 'once-only', 'SECRET 4711', 'for-minutes']) expect(asked[0]).toContain(value);
    for (const value of ['plain-line', 'SECRET 4711', 'for-minutes']) expect(asked[1]).toContain(value);
    expect(asked[1]).not.toContain('once-only');
    const [first, second] = harness.gate.audit.of('prompt.assembled').map((record) => record.data);
    expect(first?.withheld).toBeUndefined();
    expect(second?.withheld).toEqual([
      { input: 'logs', source: 'case-logs', why: 'cleared', fields: ['once'], items: 1 },
    ]);
  });

  test('what a prompt is given for itself alone is over once it was answered, however long its source lets it live', async () => {
    const { harness, asked } = setUp(async (context) => {
      const logs = await context.read('case-logs', { case_id: 'case-7' });
      await context.ask('once', { logs: logs.evidence });
      await context.ask('summarize', { logs: logs.evidence });
      return {};
    });
    const scope = { prompts: ['once', 'summarize'] };
    harness.load({ source: { fields: FIELDS }, prompts: [ONCE], scope });
    expect(await ended(harness)).toMatchObject({ state: 'completed' });
    for (const value of ['plain-line', 'once-only', 'SECRET 4711', 'for-minutes']) {
      expect(asked[0]).toContain(value);
      expect(asked[1]).not.toContain(value);
    }
    expect(harness.gate.audit.of('prompt.assembled')[1]?.data.withheld).toEqual([
      { input: 'logs', source: 'case-logs', why: 'cleared', fields: ['line', 'once', 'secret', 'count'], items: 1 },
    ]);
    expect(JSON.stringify([...harness.values.rows.values()])).not.toContain('plain-line');
  });

  test('minutes are counted from the reading', async () => {
    const { harness, asked } = setUp();
    const answer = harness.answer;
    harness.answer = (request) => {
      harness.gate.clock.advance(5 * 60_000);
      return answer(request);
    };
    await ended(harness);
    expect(asked[0]).toContain('for-minutes');
    expect(asked[1]).not.toContain('for-minutes');
  });

  test('what has nothing left is replaced by the statement that it was cleared', async () => {
    const { harness, asked } = setUp(async (context) => {
      const logs = await context.read('case-logs', { case_id: 'case-7' });
      const once = at(logs.evidence, '/0/fields/once');
      await context.ask('summarize', { logs: logs.evidence });
      await context.ask('summarize', { logs: once });
      return {};
    });
    await ended(harness);
    expect(asked[1]).toContain('cleared');
    expect(asked[1]).not.toContain('once-only');
  });

  test('a field enters only the prompts that are named', async () => {
    const { harness, asked } = setUp(twoQuestions, [
      { name: 'line', max_chars: 100 },
      { name: 'once', max_chars: 100, life: life({ enter: ['another'] }) },
    ]);
    harness.items = () => [{ line: 'plain-line', once: 'once-only' }];
    await ended(harness);
    expect(asked[0]).toContain('plain-line');
    expect(asked.join()).not.toContain('once-only');
    expect(harness.gate.audit.of('prompt.assembled')[0]?.data.withheld).toMatchObject([
      { why: 'not_for_this_prompt', fields: ['once'] },
    ]);
  });

  test('no argument may be taken from what was cleared, or from what may not be kept', async () => {
    for (const field of ['once', 'secret']) {
      const { harness } = setUp(async (context) => {
        const logs = await context.read('case-logs', { case_id: 'case-7' });
        await context.ask('summarize', { logs: logs.evidence });
        await context.act(
          'publish_case_summary',
          { case_id: 'case-7', summary: at(logs.evidence, `/0/fields/${field}`) },
          { rationale: 'asked for' },
        );
        return {};
      });
      const run = await ended(harness);
      expect(run).toMatchObject({ state: 'refused' });
      expect(run.ending).toContain('/summary');
    }
  });

  test('D8: a workflow that asks for a field that is not declared is told which one', async () => {
    const { harness } = setUp(async (context) => {
      const logs = await context.read('case-logs', { case_id: 'case-7' });
      await context.ask('summarize', { logs: at(logs.evidence, '/0/fields/passport') });
      return {};
    });
    const run = await ended(harness);
    expect(run).toMatchObject({ state: 'handed_off' });
    expect(run.ending).toContain('does not declare the field "passport"');
  });

  test('nothing that may not be kept is stored, recorded, or left in an engine’s memory; nor what was cleared', async () => {
    const { harness } = setUp(async (context) => {
      const logs = await context.read('case-logs', { case_id: 'case-7' });
      const answer = await context.ask('summarize', { logs: logs.evidence });
      await context.act(
        'publish_case_summary',
        { case_id: 'case-7', summary: at(answer, '/text') },
        { rationale: 'asked for', evidence: logs.evidence },
      );
      return {};
    });
    const run = await harness.submit();
    await harness.carry(run.id, { onWait: async () => undefined, crash: { step: 6, when: 'before' } });
    const stored = () => JSON.stringify([...harness.values.rows.values()]) + JSON.stringify(harness.gate.audit.drafts);
    expect(stored().toLowerCase()).not.toMatch(/secret\s+4711/);
    expect(stored()).toContain('[not kept] again');
    expect(stored()).not.toContain('once-only');
    expect(stored()).toContain('for-minutes');
    await harness.approve(run.id);
    await harness.carry(run.id);
    expect(await harness.run(run.id)).toMatchObject({ state: 'completed' });
    expect(stored()).not.toContain('for-minutes');
    expect(stored()).toContain('plain-line');
  });

  test('SPEC 5: a crash at any place changes nothing of it', async () => {
    const whole = setUp();
    await ended(whole.harness);
    const places: CrashAt[] = [0, 1, 2, 3, 4].flatMap((step) => [
      { step, when: 'before' } as const,
      { step, when: 'after' } as const,
    ]);
    for (const crash of places) {
      const { harness, asked } = setUp();
      const run = await harness.submit();
      expect(await harness.carry(run.id, { crash })).toBe('crashed');
      await harness.carry(run.id);
      expect(await harness.run(run.id)).toMatchObject({ state: 'completed' });
      // A question that was interrupted is asked again; the one after it never has what was cleared.
      expect(asked.at(-1), JSON.stringify(crash)).toBe(whole.asked.at(-1));
      expect(asked[0]).toBe(whole.asked[0]);
    }
  });
});
