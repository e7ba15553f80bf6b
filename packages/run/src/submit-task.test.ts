import { type Attachment, digestOf, digestOfText, type Principal } from '@portreeve/contract';
import { describe, expect, test } from 'vitest';
import { runHarness } from './testing/index.ts';

const attachment = (over: Partial<Attachment> = {}): Attachment => ({
  name: 'case.log',
  media_type: 'text/plain',
  text: 'one line ü',
  ...over,
});

/** Submits; gives the error and asserts that nothing was queued or stored. */
async function refused(...args: Parameters<ReturnType<typeof runHarness>['submit']>) {
  const harness = runHarness();
  const error = await harness.submit(...args).catch((thrown: unknown) => thrown);
  expect(harness.queue.queued).toEqual([]);
  expect(await harness.runs.list({})).toEqual([]);
  return { ...harness, error };
}

describe('submit', () => {
  test('F1 G1: an admitted task is stored, queued and recorded together; the right stays the requester’s', async () => {
    const { submit, queue, runs, gate } = runHarness();
    const run = await submit({ attachments: [attachment()] });
    const { principal } = gate.people.requester;
    expect(run).toMatchObject({
      state: 'queued',
      workflow: 'incident-summary',
      release: digestOf('release 1'),
      policy_version: gate.policy.version,
      principal: { id: principal.id, act: [{ id: 'agent:incident-summary', kind: 'agent' }] },
      input: { case_id: 'case-7' },
      result: null,
      ended_at: null,
    });
    expect(await runs.get(run.id)).toEqual(run);
    expect(await runs.attachments(run.id)).toEqual([attachment()]);
    expect(queue.queued).toEqual([run.id]);
    const refs = { run: run.id, workflow: 'incident-summary', release: run.release };
    expect(gate.audit.drafts).toMatchObject([
      {
        type: 'run.submitted',
        actor: { id: principal.id, act: [] },
        refs,
        data: {
          input_digest: digestOf(run.input),
          attachments: [{ name: 'case.log', bytes: 11, digest: digestOfText('one line ü') }],
        },
      },
      { type: 'run.admitted', actor: { act: [{ id: 'agent:incident-summary' }] }, refs, outcome: 'permit' },
    ]);
  });

  test('a workflow that is not loaded is named', async () => {
    const { error, gate } = await refused({ workflow: 'refund' });
    expect(error).toMatchObject({ code: 'unknown_workflow', detail: expect.stringContaining('"refund"') });
    expect(gate.audit.drafts).toEqual([]);
  });

  test.each([
    ['a field that is missing', {}, '/'],
    ['a field too many', { case_id: 'c', admin: true }, '/'],
    ['a field of the wrong type', { case_id: 7 }, '/case_id'],
    ['a field that is too long', { case_id: 'c'.repeat(65) }, '/case_id'],
  ])('F1: input that does not fit: %s', async (_, input, path) => {
    const { error } = await refused({ input });
    expect(error).toMatchObject({ code: 'bad_input', errors: [{ path }] });
  });

  test.each<[string, Attachment[], string]>([
    ['too many', Array.from({ length: 9 }, () => attachment()), 'too_large'],
    ['too long', [attachment(), attachment({ text: 'x'.repeat(8 * 1024 * 1024 + 1) })], 'bad_input'],
    ['without a name', [attachment({ name: '' })], 'bad_input'],
    ['of a strange form', [{ ...attachment(), path: '/etc/passwd' } as unknown as Attachment], 'bad_input'],
  ])('attachments: %s', async (_, attachments, code) => {
    expect((await refused({ attachments })).error).toMatchObject({ code });
  });

  test('C2 G1: a refusal comes with its decision, and is recorded with the task', async () => {
    const stranger: Principal = { ...runHarness().gate.people.ana.principal, roles: ['auditor'] };
    const { error, gate } = await refused({}, stranger);
    expect(error).toMatchObject({ code: 'refused', extra: { decision: { outcome: 'refuse' } } });
    expect((error as { next: string }).next).toContain('requester');
    expect(gate.audit.drafts).toMatchObject([
      { type: 'run.submitted', actor: { id: stranger.id } },
      { type: 'run.refused', outcome: 'refuse', data: { decision: { outcome: 'refuse' } } },
    ]);
    const data = gate.audit.of('run.refused')[0]?.data;
    expect(data?.decision.request_digest).toBe(digestOf(data?.request));
  });

  test('C5: nothing is admitted while everything is frozen', async () => {
    const { submit, gate, queue } = runHarness();
    gate.environment.freezes.push('all');
    await expect(submit()).rejects.toMatchObject({ code: 'refused' });
    expect(queue.queued).toEqual([]);
  });

  test.each([1, 2])('G3 INV3: a task that cannot be recorded is not admitted (append %i)', async (nth) => {
    const { submit, gate, queue, runs } = runHarness();
    gate.failAppend(nth);
    const first = await submit().catch((error: unknown) => error);
    if (nth > 1) return expect(first).toMatchObject({ state: 'queued' });
    expect(first).toMatchObject({ code: 'audit_unavailable' });
    expect(queue.queued).toEqual([]);
    return expect(await runs.list({})).toEqual([]);
  });
});

describe('I3: an idempotency key', () => {
  test('gives the same run for the same task, once queued and once recorded', async () => {
    const { submit, queue, gate } = runHarness();
    const task = { idempotency_key: 'key-1', attachments: [attachment()] };
    const first = await submit(task);
    expect(await submit(task)).toEqual(first);
    const many = await Promise.all(Array.from({ length: 20 }, () => submit(task)));
    expect(new Set(many.map((run) => run.id))).toEqual(new Set([first.id]));
    expect(queue.queued).toEqual([first.id]);
    expect(gate.audit.of('run.submitted')).toHaveLength(1);
    expect(gate.audit.of('run.admitted')).toHaveLength(1);
  });

  test.each([
    ['input', { input: { case_id: 'case-8' } }],
    ['attachments', { attachments: [attachment()] }],
  ])('is refused for another task: other %s', async (_, other) => {
    const { submit, queue } = runHarness();
    await submit({ idempotency_key: 'key-1' });
    await expect(submit({ idempotency_key: 'key-1', ...other })).rejects.toMatchObject({
      code: 'idempotency_mismatch',
    });
    expect(queue.queued).toHaveLength(1);
  });

  test('is the requester’s own', async () => {
    const { submit, gate, queue } = runHarness();
    await submit({ idempotency_key: 'key-1' });
    await submit(
      { idempotency_key: 'key-1', input: { case_id: 'case-8' } },
      {
        ...gate.people.ana.principal,
        roles: ['requester'],
      },
    );
    await submit();
    await submit();
    expect(queue.queued).toHaveLength(4);
  });
});
