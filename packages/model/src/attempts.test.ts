import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { digestOf, type EvidenceId, fixedClock, type Label, Labelled, type ModelRequest } from '@portreeve/contract';
import { open } from '@portreeve/contract/open';
import { afterEach, expect, test } from 'vitest';
import { anthropicProvider, createModel, type ModelOptions } from './index.ts';
import { memoryObserver, messagesApiServer, type Reply, reply } from './testing/index.ts';

const SECRET = 'Maria Musterfrau, account 4711';
const LABEL: Label = { integrity: 'untrusted', confidentiality: 'internal', categories: [], origins: ['crm'] };
const REQUEST = new Labelled<ModelRequest>(
  {
    ...{ prompt: 'summarise', prompt_version: '1.2.0', model: 'claude-x', system: 'You summarise.', cites: [] },
    content: [{ type: 'evidence', id: 'ev_1' as EvidenceId, title: 'event 1', text: SECRET }],
    output: { type: 'object', required: ['s'], properties: { s: { type: 'string' } } },
    ...{ input_budget_tokens: 1000, max_output_tokens: 100, input_digest: digestOf('input') },
  },
  LABEL,
);
const PRICES: NonNullable<ModelOptions['prices']> = {
  currency: 'USD',
  models: { 'claude-x': { input: 3_000_000, output: 15_000_000, cache_read: 300_000 } },
};

let close = async () => {};
afterEach(() => close());

async function given(script: readonly Reply[], more: Partial<ModelOptions> = {}) {
  const server = await messagesApiServer(script);
  close = server.close;
  const clock = fixedClock('2026-11-20T08:00:00Z');
  const exporter = new InMemorySpanExporter();
  const provider = anthropicProvider({ credential: 'sk-test', baseURL: server.url, model: 'claude-x', fetch });
  const tracers = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const observer = memoryObserver();
  const ask = createModel({
    ...{ provider, clock, prices: PRICES, tracer: tracers.getTracer('test'), sleep: async (ms) => clock.advance(ms) },
    ...more,
  });
  return { ask, observer, server, clock, spans: () => exporter.getFinishedSpans() };
}

test('E8: an answer is on record with tokens, cache, cost, label and what left the process', async () => {
  const { ask, observer } = await given([
    reply.answer({ s: SECRET }, { cache_read_tokens: 1000, input_tokens: 20, output_tokens: 10 }),
  ]);
  await ask(REQUEST, observer);
  expect(observer.of('model.answered')[0]?.data).toMatchObject({
    ...{ prompt_version: '1.2.0', model_asked: 'claude-x', model_answered: 'claude-test-1', attempt: 1 },
    ...{ input_tokens: 1020, output_tokens: 10, cache_read_tokens: 1000, cache_write_tokens: 0 },
    cost: { currency: 'USD', micros: 20 * 3 + 1000 * 0.3 + 10 * 15 },
    input_label: { integrity: 'untrusted', confidentiality: 'internal', categories: [] },
    ...{ requests: 1, status: 200, streamed: false, first_text_ms: null, request_id: 'req_local_1' },
  });
  expect(JSON.stringify(observer.of('model.answered'))).not.toContain('Musterfrau');
});

test('E8: a stream that breaks off is on record with what the vendor counted, and costs it', async () => {
  const { ask, observer } = await given([reply.cutShort(), reply.answer({ s: 'ok' })]);
  const pieces: Labelled<string>[] = [];
  const result = await ask(REQUEST, observer, { onText: (piece) => pieces.push(piece) });
  expect(result).toMatchObject({ status: 'valid', attempts: 2 });
  expect(observer.types()).toEqual(['model.attempt_failed', 'model.answered', 'output.validated']);
  expect(observer.of('model.attempt_failed')[0]?.data).toMatchObject({
    ...{ attempt: 1, kind: 'connection', transient: true, streamed: true, requests: 1, status: 200 },
    ...{ input_tokens: 10, output_tokens: 1, cost: { currency: 'USD', micros: 10 * 3 + 15 }, first_text_ms: 0 },
  });
  // What arrives is labelled as the answer is, and is nobody's to trust.
  expect(pieces.length).toBeGreaterThan(1);
  expect(pieces[0]?.label).toMatchObject({ integrity: 'untrusted', confidentiality: 'internal' });
  expect(pieces.map((piece) => open(piece)).join('')).toContain('{"s":"ok"}');
});

test('E8: each failed attempt is on record before the next; one that nobody heard too', async () => {
  const { ask, observer, server } = await given([reply.rateLimited({ 'retry-after': '2' }), reply.status(401)]);
  expect(await ask(REQUEST, observer)).toMatchObject({ status: 'failed', code: 'no_access', attempts: 2 });
  expect(observer.types()).toEqual(['model.attempt_failed', 'model.attempt_failed', 'model.failed']);
  expect(observer.of('model.attempt_failed').map(({ data }) => [data.status, data.retry_after_ms])).toEqual([
    [429, 2000],
    [401, null],
  ]);
  await server.close();
  const alone = memoryObserver();
  await ask(REQUEST, alone);
  expect(alone.of('model.attempt_failed')[0]?.data).toMatchObject({ kind: 'connection', requests: 1, status: null });
});

test('E8: an attempt that was called off is on record', async () => {
  const controller = new AbortController();
  const { ask, observer } = await given([() => controller.abort(new Error('the run was stopped'))]);
  await expect(ask(REQUEST, observer, { signal: controller.signal })).rejects.toThrow('the run was stopped');
  expect(observer.types()).toEqual(['model.attempt_failed']);
  expect(observer.of('model.attempt_failed')[0]?.data).toMatchObject({ kind: 'timeout', requests: 1, status: null });
});

test('G3: an attempt that cannot be recorded is the last', async () => {
  const { ask, observer, server } = await given([reply.overloaded(), reply.answer({ s: 'ok' })]);
  observer.failWith(new Error('disk full'));
  await expect(ask(REQUEST, observer)).rejects.toThrow('disk full');
  expect(server.received).toBe(1);
});

test('D1: a question over the budget of its prompt or the window of its endpoint is not sent', async () => {
  const long = new Labelled({ ...open(REQUEST), input_budget_tokens: 10 }, LABEL);
  const { ask, observer, server } = await given([]);
  expect(await ask(long, observer)).toMatchObject({
    ...{ status: 'failed', code: 'over_budget', attempts: 0 },
    reason: expect.stringMatching(/^the question has about \d+ tokens, and the prompt's budget is 10$/),
  });
  expect(observer.types()).toEqual(['model.failed']);
  const narrow = await given([], { context_tokens: 150 });
  expect(await narrow.ask(REQUEST, narrow.observer)).toMatchObject({ code: 'over_budget', attempts: 0 });
  const wide = new Labelled({ ...open(REQUEST), requires_context_tokens: 200_000 }, LABEL);
  expect(await narrow.ask(wide, narrow.observer)).toMatchObject({
    ...{ code: 'over_budget', reason: 'the prompt asks for a context of 200000 tokens, and the endpoint has 150' },
  });
  expect([server.received, narrow.server.received]).toEqual([0, 0]);
});

test('E7: a question that the model finds too long ends as one over its budget', async () => {
  const { ask, observer } = await given([reply.contextOverflow()]);
  expect(await ask(REQUEST, observer)).toMatchObject({ status: 'failed', code: 'over_budget', attempts: 1 });
});

test('E8: one span an attempt, named and attributed by the GenAI conventions, and without content', async () => {
  const { ask, observer, spans, server } = await given([reply.overloaded(), reply.answer({ s: SECRET })]);
  const { call } = await ask(REQUEST, observer, { onText: () => undefined });
  const [failed, answered] = spans();
  expect(spans()).toHaveLength(2);
  expect(failed).toMatchObject({
    name: 'chat claude-x',
    kind: SpanKind.CLIENT,
    status: { code: SpanStatusCode.ERROR },
  });
  expect(failed?.attributes).toMatchObject({ 'error.type': '529', 'http.response.status_code': 529 });
  expect(answered).toMatchObject({ name: 'chat claude-x', kind: SpanKind.CLIENT });
  expect(answered?.attributes).toEqual({
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'anthropic',
    'gen_ai.request.model': 'claude-x',
    'gen_ai.request.max_tokens': 100,
    'gen_ai.request.stream': true,
    'gen_ai.output.type': 'json',
    'gen_ai.response.id': 'req_local_2',
    'gen_ai.response.model': 'claude-test-1',
    'gen_ai.response.finish_reasons': ['end_turn'],
    'gen_ai.response.time_to_first_chunk': 0,
    'gen_ai.usage.input_tokens': 10,
    'gen_ai.usage.output_tokens': expect.any(Number),
    'gen_ai.usage.cache_read.input_tokens': 0,
    'gen_ai.usage.cache_creation.input_tokens': 0,
    'server.address': '127.0.0.1',
    'server.port': Number(new URL(server.url).port),
    'portreeve.call.id': call,
    'portreeve.prompt.id': 'summarise',
    'portreeve.prompt.version': '1.2.0',
    'portreeve.attempt': 2,
    'portreeve.endpoint': 'anthropic',
    'portreeve.simulated': false,
  });
  const written = JSON.stringify(spans().map(({ attributes, events, status }) => ({ attributes, events, status })));
  for (const content of [SECRET, 'Musterfrau', 'You summarise', 'Overloaded']) expect(written).not.toContain(content);
});
