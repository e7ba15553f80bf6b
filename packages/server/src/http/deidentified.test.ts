import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { restore } from '@portreeve/context';
import { type MessagesApiServer, messagesApiServer, type Reply, reply } from '@portreeve/model/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pseudonymVault, sweepPseudonyms } from '../store/pseudonyms.ts';
import { type TestServer, testServer } from '../testing/server.ts';
import { temporaryProject, workflowText } from '../testing/temporary-project.ts';

/** What must not leave: each is found by a recogniser of its own. */
const EMAIL = 'maria.gonzalez@example-customer.com';
const CANARIES = [EMAIL, 'Maria Gonzalez', '+442079460958', 'DE89370400440532013000', '4111111111111111'];
const MAILS = [
  {
    from: EMAIL,
    customer_name: 'Maria Gonzalez',
    body: `My name is Maria Gonzalez. Please refund card 4111111111111111 or IBAN DE89370400440532013000, and call +442079460958.`,
  },
];

const TOOLS = `
  const base = { ...tools[0], tier: 1, effect: 'write', undo: { tool: 'take_back', args: {}, window_minutes: 60 }, clearance: { confidentiality: 'internal', categories: ['personal', 'customer'] } };
  const text = { type: 'string', maxLength: 2000 };
  const args = (...names) => ({ type: 'object', additionalProperties: false, required: names, properties: Object.fromEntries(names.map((name) => [name, text])) });
  const post = (url) => ({ connector: 'http', method: 'POST', url, body: true });
  const result = { type: 'object', required: ['revision'], properties: { revision: { type: 'integer' } } };
  const reply = { ...base, name: 'send_reply', args: args('to', 'text'), sinks: [{ path: '/to', kind: 'recipient' }], result, binding: post('system://downstream/replies') };
  const ticket = { ...base, name: 'file_ticket', args: args('text'), clearance: { confidentiality: 'internal', categories: [] }, sinks: [], result, binding: post('system://downstream/tickets') };
`;
const CHANGES = `(() => { ${TOOLS} return {
  contract: { ...contract, name: 'mail-reply', tier: 'low', scope: { sources: ['mails'], tools: ['send_reply', 'file_ticket'], prompts: ['write-reply'] } },
  tools: [reply, ticket],
  sources: [{ ...sources[0], name: 'mails', categories: ['personal', 'customer'],
    fields: [{ name: 'from', max_chars: 200 }, { name: 'customer_name', max_chars: 200 }, { name: 'body', max_chars: 2000 }],
    binding: { kind: 'file', folder: 'mails', pattern: '{case_id}.jsonl' } }],
  async run({ input, read, ask, act }) {
    const mails = await read('mails', { case_id: input.case_id });
    const answer = await ask('write-reply', { case_id: input.case_id, mails: mails.evidence });
    const filed = await act('file_ticket', { text: at(answer, '/text') }, { rationale: 'A ticket for the mail.' });
    const sent = await act('send_reply', { to: at(answer, '/to'), text: at(answer, '/text') }, { rationale: 'The mail is answered.', evidence: mails.evidence });
    return { filed: filed.status, sent: sent.status };
  } }; })()`;
const PROMPT = `---
id: write-reply
version: "1.0"
step: generate
audience: inside
inputs:
  - { name: case_id, description: The case. }
  - { name: mails, description: The mails. }
output:
  type: object
  additionalProperties: false
  required: [to, text]
  properties:
    to: { type: string, format: email, maxLength: 200 }
    text: { type: string, maxLength: 1000 }
---

Answer the mail of {{case_id}}.
`;

const sentOf = (request: MessagesApiServer['requests'][number] | undefined) => JSON.stringify(request?.body);

let api: MessagesApiServer;
let house: TestServer;
let project: string;
beforeAll(async () => {
  // A model answers with what it was shown: the address of the sender, and the name in a sentence.
  const answer: Reply = (exchange) => {
    const shown = sentOf(api.requests.at(-1));
    const [to] = shown.match(/p[0-9a-z]+\.[0-9a-z]+@pseudonym\.invalid/) ?? ['nobody@example.test'];
    const [name] = shown.match(/Person_[0-9a-z]+/) ?? ['nobody'];
    reply.answer({ to, text: `Dear ${name}, we wrote to ${to}.` })(exchange);
  };
  api = await messagesApiServer([answer]);
  const at = JSON.stringify(import.meta.resolve('@portreeve/contract'));
  project = await temporaryProject({
    'workflows/mail-reply/workflow.ts': `import { at } from ${at};\n${workflowText(CHANGES)}`,
    'workflows/mail-reply/prompts/write-reply.md': PROMPT,
    'portreeve.config.ts': `export default ${JSON.stringify({
      environment: 'test',
      log_origin: 'portreeve.test/audit',
      workflows: ['workflows/mail-reply'],
      models: [
        {
          ...{ name: 'cloud', kind: 'anthropic', model: 'claude-test-1', base_url: api.url },
          ...{ secret: 'anthropic-api-key', where: 'public-cloud' },
          clearance: { confidentiality: 'internal' },
        },
      ],
    })};\n`,
    'mails/CASE-1.jsonl': `${MAILS.map((mail) => JSON.stringify(mail)).join('\n')}\n`,
  });
  house = await testServer({ project, modelKeys: { 'anthropic-api-key': 'sk-test-0123456789' } });
});
afterAll(async () => {
  await house?.close();
  await api?.close();
  await rm(project, { recursive: true, force: true });
});

test('D9 D10 D6: a cloud model sees pseudonyms, a cleared tool the values, another tool pseudonyms, and then nobody can tell', async () => {
  const { status, body: run } = await (await house.as('analyst')).post('/v1/runs', {
    workflow: 'mail-reply',
    input: { case_id: 'CASE-1' },
  });
  expect(status).toBe(201);
  const shown = await house.approvalOf(run.id);

  // What the model endpoint received.
  expect(api.received).toBe(1);
  const sent = sentOf(api.requests[0]);
  for (const canary of CANARIES) expect(sent).not.toContain(canary);
  expect(sent).toMatch(/@pseudonym\.invalid/);

  // A person sees the real recipient and where it came from: the mail, and not the model that repeated it.
  expect(shown).toMatchObject({
    args: { to: EMAIL, text: `Dear Maria Gonzalez, we wrote to ${EMAIL}.` },
    influence: { integrity: 'untrusted', categories: ['customer', 'personal'] },
  });
  expect((shown as unknown as { provenance: object[] }).provenance).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ path: '/to', kind: 'untrusted-document', origins: ['mails'] }),
      expect.objectContaining({ path: '/text', kind: 'model', origins: ['mails', 'model:write-reply', 'request'] }),
    ]),
  );

  // The map in the database, and what its key is worth.
  const { database } = house.server.services;
  const rows = async () => (await database.pool.query('select * from pseudonyms')).rows;
  const stored = await rows();
  expect(stored.length).toBeGreaterThanOrEqual(CANARIES.length);
  const bytes = stored
    .map((row) => `${row.scope} ${row.pseudonym} ${row.kind} ${row.sealed.toString('latin1')}`)
    .join();
  for (const canary of CANARIES) expect(bytes).not.toContain(canary);
  const wrong = pseudonymVault(database, Buffer.alloc(32, 1));
  await expect(restore(sent ?? '', { vault: wrong, scope: run.id, allowed: () => true })).rejects.toThrow();

  const lead = await house.as('lead');
  const verdict = await house.verdict('lead', shown, 'approve');
  expect((await lead.post(`/v1/approvals/${shown.approval.id}/verdicts`, verdict)).status).toBe(201);
  expect(await house.ended(run.id)).toMatchObject({
    state: 'completed',
    result: { filed: 'succeeded', sent: 'succeeded' },
  });
  const [ticket, mail] = house.downstream.calls;
  expect(ticket).toMatchObject({
    path: '/tickets',
    body: { text: expect.stringMatching(/^Dear Person_\w+, we wrote to p[\w.]+@pseudonym\.invalid\.$/) },
  });
  expect(mail).toMatchObject({
    path: '/replies',
    body: { to: EMAIL, text: `Dear Maria Gonzalez, we wrote to ${EMAIL}.` },
  });

  expect(await rows()).toEqual([]);
  const auditor = await house.as('auditor');
  const recordOf = async (type: string) =>
    (await auditor.get(`/v1/audit/records?run=${run.id}&type=${type}`)).body.records.map(
      // biome-ignore lint/suspicious/noExplicitAny: the data of whatever record type
      ({ payload }: any) => payload.data,
    );
  expect(await recordOf('endpoint.refused')).toMatchObject([
    { endpoint: 'cloud', deidentified: false, decision: { outcome: 'narrow', remedies: [{ kind: 'deidentify' }] } },
  ]);
  expect(await recordOf('prompt.assembled')).toMatchObject([
    {
      endpoint: 'cloud',
      deidentified: { email: 1, card: 1, iban: 1, phone: 1 },
      label: { categories: [] },
      injection: 0,
      decision: { outcome: 'permit' },
      request: { deidentified: true, influence: { categories: [] } },
    },
  ]);
  expect(
    (await recordOf('arguments.restored')).map(({ tool, restored, withheld }: never) => ({ tool, restored, withheld })),
  ).toEqual(
    expect.arrayContaining([
      { tool: 'file_ticket', restored: {}, withheld: { name: 1, email: 1 } },
      { tool: 'send_reply', restored: { name: 1, email: 2 }, withheld: {} },
    ]),
  );
  expect(await recordOf('pseudonyms.erased')).toEqual([{ count: stored.length }]);

  const log = await readFile(join(house.stateFolder, 'server.log'), 'utf8');
  for (const canary of CANARIES) expect(log).not.toContain(canary);
});

test('D9: what a step leaves behind when its run has ended is swept, and other runs keep theirs', async () => {
  const { database } = house.server.services;
  const [ended] = (await (await house.as('lead')).get('/v1/runs?limit=1')).body.runs;
  const vault = pseudonymVault(database, Buffer.alloc(32, 1));
  const entry = { pseudonym: 'p', kind: 'name', value: 'v', numeric: false } as const;
  await vault.add(ended.id, [entry]);
  await vault.add('run_that_goes_on', [entry]);
  expect(await database.transaction((tx) => sweepPseudonyms(database, tx))).toBe(1);
  expect(await vault.load(ended.id)).toEqual([]);
  expect(await vault.load('run_that_goes_on')).toEqual([entry]);
});
