import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Assembly, assemble, parsePrompt } from '@portreeve/context';
import { asId, Labelled, type ProjectConfig, projectConfigSchema, type WorkflowContract } from '@portreeve/contract';
import { createEgress } from '@portreeve/execute';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { wireDeidentification } from './deidentification.ts';
import { type TestDatabase, testDatabase } from './store/testing/database.ts';

const PROMPT = `---
id: ask
version: "1.0"
step: generate
inputs:
  - { name: note, description: A note. }
output: { type: object, properties: { a: { type: string } }, required: [a], additionalProperties: false }
---
Answer.
`;
const RUN = asId('run', 'run_01');
const workflow = { name: 'w', scope: { sources: [], tools: [], prompts: ['ask'] } } as unknown as WorkflowContract;
const question = (note: string): Assembly =>
  assemble({
    ...{ prompt: parsePrompt(PROMPT, 'ask.md'), workflow },
    inputs: {
      note: new Labelled(note, {
        ...{ integrity: 'internal', confidentiality: 'internal', categories: ['personal'], origins: ['notes'] },
      }),
    },
  });

/** What the two helpers of detection answer, by path. */
const answers: Record<string, string> = {};
const helper = createServer((request, response) => {
  request.resume().on('end', () => {
    const body = answers[request.url ?? ''];
    response.writeHead(body === undefined ? 503 : 200, { 'content-type': 'application/json' }).end(body);
  });
});
let fixture: TestDatabase;
const egresses: ReturnType<typeof createEgress>[] = [];
beforeAll(async () => {
  fixture = await testDatabase();
  await new Promise<void>((listening) => helper.listen(0, '127.0.0.1', listening));
});
afterAll(async () => {
  for (const { dispatcher } of egresses) await dispatcher.close();
  helper.closeAllConnections();
  helper.close();
  await fixture?.close();
});

function wired(detection: Partial<ProjectConfig['detection']>, allowed = true) {
  const { port } = helper.address() as AddressInfo;
  const config = projectConfigSchema.parse({
    workflows: ['w'],
    systems: { helper: { url: `http://127.0.0.1:${port}`, private: true } },
    detection,
  });
  const egress = createEgress({ allow: allowed ? [{ host: '127.0.0.1', port, private: true }] : [] });
  egresses.push(egress);
  return wireDeidentification({
    ...{ database: fixture.database, audit: {} as never, key: Buffer.alloc(32, 9) },
    ...{ detection: config.detection, systems: config.systems, dispatcher: egress.dispatcher },
  });
}

test('D9: Presidio of the configuration finds what our rules do not, and where it is silent nothing is de-identified', async () => {
  const presidio = { system: 'helper', language: 'en', score_min_percent: 50, timeout_ms: 2000 };
  const note = 'zyx wvu left early';
  expect((await wired({}).deidentify(RUN, question(note))).replaced).toEqual({});
  // Offsets are those of the text that it is sent, in which the field's name stands before the value.
  const start = 'note: '.length;
  answers['/analyze'] = JSON.stringify([{ entity_type: 'PERSON', start, end: start + 7, score: 0.9 }]);
  const { deidentify } = wired({ presidio });
  expect((await deidentify(RUN, question(note))).replaced).toEqual({ name: 1 });
  delete answers['/analyze'];
  await expect(deidentify(RUN, question(note))).rejects.toMatchObject({ name: 'PortreeveError' });
});

test('D4: the classifier of the configuration is asked through the egress guard', async () => {
  const classifier = { system: 'helper', timeout_ms: 2000 };
  answers['/'] = '{"score":0.75}';
  expect(await wired({ classifier }).classifier?.classify('x')).toEqual({ per_mille: 750 });
  expect(await wired({ classifier }, false).classifier?.classify('x')).toEqual({ failed: 'unreachable' });
  expect(wired({}).classifier).toBeNull();
});

test('a helper that names no system is refused at the start', () => {
  expect(() => wired({ classifier: { system: 'nowhere', timeout_ms: 1 } })).toThrow('nowhere');
});
