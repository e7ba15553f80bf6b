import { digestOf, type EvidenceId, Labelled, type ModelRequest, systemClock } from '@portreeve/contract';
import { afterEach, expect, test } from 'vitest';
import { anthropicProvider, createModel, type ResilienceOptions } from './index.ts';
import { memoryObserver, messagesApiServer, type Reply, reply } from './testing/index.ts';

const REQUEST = new Labelled<ModelRequest>(
  {
    prompt: 'summarise',
    prompt_version: '1.0.0',
    model: null,
    system: 'You summarise.',
    content: [{ type: 'evidence', id: 'ev_1' as EvidenceId, title: 'event 1', text: 'EventID: 1102' }],
    output: {
      type: 'object',
      additionalProperties: false,
      required: ['s'],
      properties: { s: { type: 'string', maxLength: 5 } },
    },
    input_budget_tokens: 100_000,
    cites: [],
    max_output_tokens: 100,
    input_digest: digestOf('input'),
  },
  { integrity: 'untrusted', confidentiality: 'internal', categories: [], origins: ['logs'] },
);

let close = async () => {};
afterEach(() => close());

/** The whole way: our resilience and validation, the real SDK, real HTTP. */
async function askOver(script: readonly Reply[], resilience: Partial<ResilienceOptions> = {}) {
  const server = await messagesApiServer(script);
  close = server.close;
  const provider = anthropicProvider({ credential: 'sk-test', baseURL: server.url, model: 'claude-x', fetch });
  const slept: number[] = [];
  const sleep = async (ms: number) => {
    slept.push(ms);
  };
  const observer = memoryObserver();
  const result = await createModel({ provider, clock: systemClock, resilience, sleep })(REQUEST, observer);
  return { result, server, observer, slept };
}

test('E4: a rate limit in seconds, an overload, a cut line, then the answer', async () => {
  const { result, server, slept, observer } = await askOver([
    reply.rateLimited({ 'retry-after': '2' }),
    reply.overloaded(),
    reply.cut(),
    reply.answer({ s: 'ok' }),
  ]);
  expect(result).toMatchObject({ status: 'valid', attempts: 4, repaired: false });
  expect(server.requests).toHaveLength(4);
  expect(slept[0]).toBeGreaterThanOrEqual(2000);
  expect(
    observer.of('model.attempt_failed').map(({ data }) => [data.attempt, data.kind, data.status, data.requests]),
  ).toEqual([
    [1, 'status', 429, 1],
    [2, 'status', 529, 1],
    [3, 'connection', null, 1],
  ]);
  expect(observer.of('model.answered')[0]?.data).toMatchObject({
    attempt: 4,
    requests: 1,
    status: 200,
    model_answered: 'claude-test-1',
    request_id: 'req_local_4',
  });
});

test('E3: a hint that the API does not enforce is enforced here, and the repair goes the same way', async () => {
  const { result, server } = await askOver([reply.answer({ s: 'too long' }), reply.answer({ s: 'ok' })]);
  expect(result).toMatchObject({ status: 'valid', repaired: true });
  const blocks = server.requests[1]?.body.messages[0]?.content ?? [];
  expect(blocks.map((block) => ('source' in block ? block.source : block.type))).toEqual([
    'ev_1',
    'rejected-answer',
    'text',
  ]);
});

test('E4: a spend limit is not waited for, whatever the header says', async () => {
  const { result, server, slept } = await askOver([reply.spendLimit(), reply.answer({ s: 'ok' })]);
  expect(result).toMatchObject({ status: 'failed', code: 'no_access', attempts: 1 });
  expect([server.requests.length, slept.length]).toEqual([1, 0]);
});

test('E4: an endpoint that never answers is given up', async () => {
  const { result } = await askOver([reply.slow(), reply.stalled()], { attempts_max: 2, attempt_timeout_ms: 60 });
  expect(result).toMatchObject({ status: 'failed', code: 'timeout', attempts: 2 });
});

test('E7: a refusal, an empty answer, a truncated one and an oversize one each have their result', async () => {
  const codes: string[] = [];
  for (const one of [
    reply.refusal(),
    reply.empty(),
    reply.maxTokens(),
    reply.stop('pause_turn'),
    reply.oversize(5 * 2 ** 20),
  ]) {
    const { result, server } = await askOver([one]);
    codes.push(result.status === 'failed' ? result.code : result.status);
    expect(server.requests).toHaveLength(1);
    await close();
    close = async () => {};
  }
  expect(codes).toEqual(['refused_by_model', 'empty', 'truncated', 'unexpected_stop', 'invalid_output']);
});
