import type { Evidence, JsonObject } from '@portreeve/sdk';
import { refusedAnswer, repairedAnswer, testWorkflow, type WorkflowTest } from '@portreeve/sdk/testing';
import { describe, expect, test } from 'vitest';
import { ALERTS } from '../../../fleet/alerts.ts';
import workflow from '../workflow.ts';

const reasons = (inputs: JsonObject) => ({
  reasons: [
    { text: 'The memory of lsass.exe was written.', evidence: [(inputs.events as unknown as Evidence[])[0]!.id] },
  ],
});
const setUp = (severity: string, over: Partial<WorkflowTest> = {}): WorkflowTest => {
  const { events, ...record } = ALERTS[0]!;
  return {
    input: { alert: 'A-1001' },
    prompts: new URL('../prompts/', import.meta.url),
    sources: { 'alert-record': [record], 'alert-events': events.map((each) => ({ ...each })) },
    answers: { 'rate-alert': { severity }, 'gather-reasons': reasons },
    actions: { set_alert_severity: { status: 'succeeded' }, isolate_host: { status: 'succeeded' } },
    ...over,
  };
};

describe('alert triage', () => {
  test.each(['high', 'critical'])('what is %s is rated, and its host proposed to be isolated', async (severity) => {
    const ran = await testWorkflow(workflow, setUp(severity));
    expect(ran.acts).toMatchObject([
      { tool: 'set_alert_severity', args: { alert: 'A-1001', severity } },
      { tool: 'isolate_host', args: { alert: 'A-1001', host: 'ws-114' } },
    ]);
    expect(ran.result).toMatchObject({ status: 'isolated', isolated: true, severity });
  });

  test.each(['none', 'low', 'medium'])('what is %s is rated, and no more', async (severity) => {
    const ran = await testWorkflow(workflow, setUp(severity));
    expect(ran.acts.map(({ tool }) => tool)).toEqual(['set_alert_severity']);
    expect(ran.result).toEqual({ alert: 'A-1001', rated: 'succeeded', status: 'rated', isolated: false });
  });

  test('D3 D4: a model that names another host changes nothing in which host it is', async () => {
    const [rated, named] = [{ severity: 'critical' }, { severity: 'critical', host: 'dc-01' }];
    const answers = {
      'rate-alert': repairedAnswer(named, rated),
      'gather-reasons': (inputs: JsonObject) => {
        const [reason] = reasons(inputs).reasons;
        return { reasons: [{ ...reason!, text: 'The host is dc-01.' }] };
      },
    };
    const ran = await testWorkflow(workflow, setUp('critical', { answers }));
    expect(ran.acts[1]!.args.host).toBe('ws-114');
    const ended = await testWorkflow(workflow, setUp('critical', { answers: { 'rate-alert': refusedAnswer(named) } }));
    expect([ended.handed_off?.prompt, ended.acts]).toEqual(['rate-alert', []]);
  });

  test('D5: the choice of the way counts: the isolation carries what was read', async () => {
    const ran = await testWorkflow(workflow, setUp('critical'));
    for (const { label } of ran.acts) expect(label).toMatchObject({ integrity: 'untrusted', categories: ['personal'] });
  });

  test('an alert without events is left alone', async () => {
    const { sources } = setUp('critical');
    const ran = await testWorkflow(workflow, setUp('critical', { sources: { ...sources, 'alert-events': [] } }));
    expect(ran.acts).toEqual([]);
    expect(ran.result).toEqual({ alert: 'A-1001', status: 'nothing_seen', isolated: false });
  });

  test.each(['denied', 'failed', 'unknown', 'refused'] as const)(
    'an isolation that is %s is told as that',
    async (status) => {
      const actions = { ...setUp('high').actions, isolate_host: { status } };
      const ran = await testWorkflow(workflow, setUp('high', { actions }));
      expect(ran.result).toMatchObject({ status });
      expect(ran.result?.isolated).not.toBe(true);
    },
  );

  test.each([{ alert: 'A-1' }, { alert: '../A-1001' }, { alert: 'A-1001', host: 'dc-01' }, {}])(
    'the input %j is refused',
    async (input) => {
      await expect(testWorkflow(workflow, setUp('high', { input }))).rejects.toMatchObject({ code: 'bad_input' });
    },
  );
});
