import { type MessagesApiServer, messagesApiServer, reply } from '@portreeve/model/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestServer, testServer } from '../testing/server.ts';
import { soundProject, temporaryProject } from '../testing/temporary-project.ts';

const MESSAGE = 'Rosa Diaz was signed in from two countries.';
const PROCEDURE = `{ title: 'Write a note by hand', group: 'note-leads', due_minutes: 60,
  steps: ['Look at the events.', 'Write what happened.'] }`;

/** Its events are confidential and personal, and only the group of the leads is cleared for them. */
const CHANGES = `{
  contract: { ...contract, procedures: { 'write-note': ${PROCEDURE} },
    clearances: { 'note-leads': { confidentiality: 'confidential', categories: ['personal'] } } },
  sources: sources.map((source) => ({ ...source, confidentiality: 'confidential', categories: ['personal'] })),
}`;

let api: MessagesApiServer;
let house: TestServer;
beforeAll(async () => {
  api = await messagesApiServer([reply.refusal(), reply.refusal()]);
  const config = {
    ...{ environment: 'test', log_origin: 'portreeve.test/audit', workflows: ['workflows/one'] },
    models: [
      {
        ...{ name: 'anthropic', kind: 'anthropic', model: 'claude-test-1', base_url: api.url },
        ...{ secret: 'anthropic-api-key', where: 'own-tenancy' },
        clearance: { confidentiality: 'confidential', categories: ['personal'] },
      },
    ],
  };
  const prompt = `---
id: write-note
version: "1.0"
step: generate
inputs:
  - { name: case_id, description: The case }
  - { name: events, description: Its events }
output:
  type: object
  additionalProperties: false
  required: [note, evidence]
  properties: { note: { type: string, maxLength: 800 }, evidence: { type: array, items: { type: string } } }
---
Write a note on {{case_id}}.
`;
  const project = await temporaryProject({
    ...soundProject(CHANGES),
    'portreeve.config.ts': `export default ${JSON.stringify(config)};\n`,
    'workflows/one/prompts/write-note.md': prompt,
    'cases/CASE-1.jsonl': `${JSON.stringify({ at: '2026-11-21T08:00:00Z', message: MESSAGE })}\n`,
  });
  house = await testServer({ project, modelKeys: { 'anthropic-api-key': 'sk-test-0123456789' } });
  await house.addAccount('olga', ['operator']);
  await house.addAccount('lea', ['operator'], ['note-leads']);
});
afterAll(async () => {
  await house?.close();
  await api?.close();
});

/** The one hand-off of a run that no model answers. */
async function handedOver() {
  const { id: run } = await house.submit({ case_id: 'CASE-1' });
  const lea = await house.as('lea');
  const found = async () => (await lea.get(`/v1/queue?run=${run}`)).body.handoffs.length;
  await expect.poll(found, { timeout: 20_000 }).toBe(1);
  const { handoffs } = (await lea.get(`/v1/queue?run=${run}`)).body;
  return { run, id: handoffs[0].id as string };
}

test('I8: material and context are shown by label rights; who may not see them is told that they are there', async () => {
  const { id } = await handedOver();
  const [olga, lea] = [await house.as('olga'), await house.as('lea')];
  for (const path of [`/v1/queue/${id}`, '/v1/queue']) {
    const own = JSON.stringify((await lea.get(path)).body);
    const other = JSON.stringify((await olga.get(path)).body);
    expect(own).toContain(MESSAGE);
    expect(other).not.toContain('Rosa');
    expect(other).toContain('"withheld":true');
  }
  const { body } = await olga.get(`/v1/queue/${id}`);
  expect(body.kind).toBe('model_refused');
  expect(body.procedure).toMatchObject({ title: 'Write a note by hand' });
  expect(body.material.find(({ name }: { name: string }) => name === 'events')).toEqual({
    name: 'events',
    withheld: true,
    label: expect.objectContaining({ confidentiality: 'confidential', categories: ['personal'] }),
  });
  // Nobody without the right sees the queue at all.
  expect((await (await house.as('analyst')).get(`/v1/queue/${id}`)).status).toBe(403);
});

test('I8: who is not of the procedure’s groups cannot give the result; a result that does not fit changes nothing', async () => {
  const { id, run } = await handedOver();
  const [olga, lea] = [await house.as('olga'), await house.as('lea')];
  const result = { note: 'Two sign-ins, one of them foreign.', evidence: [] };
  const refused = await olga.post(`/v1/queue/${id}/finish`, { note: 'done', result });
  expect([refused.status, refused.body.code]).toEqual([403, 'refused']);
  const odd = await lea.post(`/v1/queue/${id}/finish`, { note: 'done', result: { note: 7 } });
  expect([odd.status, odd.body.code]).toEqual([422, 'bad_input']);
  expect(JSON.stringify(odd.body.errors)).toContain('evidence');
  expect((await lea.get(`/v1/queue/${id}`)).body).toMatchObject({ state: 'open', result: null });

  expect((await lea.post(`/v1/queue/${id}/take`, {})).body).toMatchObject({
    state: 'taken',
    assignee: lea.principal.id,
  });
  const done = await lea.post(`/v1/queue/${id}/finish`, { note: 'read it', result });
  expect(done.body).toMatchObject({ state: 'done', result: { by: lea.principal.id } });
  // The run goes on with it: as that person's value, and as secret as what she was shown, so policy keeps it inside.
  await house.ended(run);
  const { body } = await (await house.as('auditor')).get(`/v1/audit/records?run=${run}&type=proposal.submitted`);
  const [proposal] = body.records.map(({ payload }: { payload: { data: object } }) => payload.data);
  expect(proposal).toMatchObject({
    args: { note: result.note },
    influence: {
      ...{ confidentiality: 'confidential', categories: ['personal'] },
      // Whoever wrote it is known to the proposal, and counts among those who ask: they cannot approve it.
      origins: expect.arrayContaining([`person:${lea.principal.id}`]),
    },
    provenance: expect.arrayContaining([
      { kind: 'trusted-record', path: '/note', origins: [`handoff:${id}`, `person:${lea.principal.id}`] },
    ]),
  });
  expect(house.downstream.calls).toEqual([]);
  expect((await lea.post(`/v1/queue/${id}/finish`, { note: 'again', result })).status).toBe(409);
});
