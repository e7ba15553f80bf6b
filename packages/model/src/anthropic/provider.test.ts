import { isPortreeveError } from '@portreeve/contract';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { retryAfter } from '../endpoint/errors.ts';
import { ProviderError, type ProviderRequest } from '../ports.ts';
import {
  messagesApiServer,
  PROVIDER_SCENARIOS,
  providerContract,
  type Reply,
  reply,
  SILENT,
} from '../testing/index.ts';
import { type AnthropicProviderOptions, anthropicProvider } from './provider.ts';

const KEY = 'sk-test-0123456789';
/** What Node's own fetch adds. */
const TRANSPORT = new Set([
  'host',
  'connection',
  'accept-language',
  'sec-fetch-mode',
  'accept-encoding',
  'content-length',
]);
const QUESTION: ProviderRequest = {
  model: 'claude-x',
  system: 'You summarise.',
  content: [
    { type: 'text', text: 'Summarise case C-1.' },
    { type: 'text', text: '  ' },
    { type: 'data', source: 'ev_1', title: 'event 1', text: 'EventID: 1102' },
    { type: 'data', source: 'ev_2', title: ' ', text: '' },
  ],
  output: {
    type: 'object',
    required: ['n', 'ids'],
    properties: {
      n: { type: 'string', maxLength: 9, pattern: '^a', description: 'A name.' },
      ids: { type: 'array', minItems: 2, items: { type: 'string' } },
    },
  },
  max_output_tokens: 64_000,
  label: { confidentiality: 'public', categories: [] },
};

const open: (() => Promise<void>)[] = [];
async function given(script: readonly Reply[], more: Partial<AnthropicProviderOptions> = {}) {
  const server = await messagesApiServer(script);
  open.push(server.close);
  return {
    server,
    provider: anthropicProvider({ credential: KEY, baseURL: server.url, model: 'claude-x', fetch, ...more }),
  };
}
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const close of open.splice(0)) await close();
});
const signal = () => new AbortController().signal;

providerContract('anthropic', async (scenario) => {
  // Only the silent scenarios may depend on the time limit.
  const timeout_ms = SILENT.has(scenario) ? 150 : 20_000;
  const server = await messagesApiServer([PROVIDER_SCENARIOS[scenario]]);
  const provider = anthropicProvider({ credential: KEY, baseURL: server.url, model: 'claude-x', fetch, timeout_ms });
  return { provider, asked: () => server.received, close: server.close };
});

describe('what is sent', () => {
  test('E1, D3: what a tool answered is a result in the same frame as other evidence, and our own words are text', async () => {
    const { server, provider } = await given([reply.answer({})]);
    const evidence = { source: 'ev_0003-0badcafe', title: 'what look_up answered' };
    const turns: ProviderRequest['turns'] = [
      { role: 'assistant', content: [{ type: 'tool_use', id: 't1', name: 'look_up', input: {} }] },
      {
        role: 'user',
        content: [
          { type: 'tool_result', id: 't1', text: '{"answer":7}', failed: false, evidence },
          { type: 'tool_result', id: 't2', text: 'refused', failed: true },
        ],
      },
    ];
    await provider.complete({ ...QUESTION, turns }, signal());
    expect(server.requests[0]?.body.messages.at(-1)).toEqual({
      role: 'user',
      content: [
        {
          ...{ type: 'tool_result', tool_use_id: 't1', is_error: false },
          content: [{ type: 'search_result', ...evidence, content: [{ type: 'text', text: '{"answer":7}' }] }],
        },
        { type: 'tool_result', tool_use_id: 't2', is_error: true, content: 'refused' },
      ],
    });
  });

  test('E1, D3: the body: system apart, evidence as search_result, no citations, a schema that the API accepts', async () => {
    const { server, provider } = await given([reply.answer({})]);
    await provider.complete(QUESTION, signal());
    expect(server.requests[0]?.body).toEqual({
      model: 'claude-x',
      max_tokens: 64_000,
      system: 'You summarise.',
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Summarise case C-1.' },
            {
              type: 'search_result',
              source: 'ev_1',
              title: 'event 1',
              content: [{ type: 'text', text: 'EventID: 1102' }],
            },
            { type: 'search_result', source: 'ev_2', title: 'ev_2', content: [{ type: 'text', text: '(empty)' }] },
          ],
        },
      ],
      output_config: {
        format: {
          type: 'json_schema',
          schema: {
            type: 'object',
            additionalProperties: false,
            required: ['n', 'ids'],
            properties: {
              n: { type: 'string', description: 'A name.\n\n{maxLength: 9, pattern: "^a"}' },
              ids: { type: 'array', items: { type: 'string' }, description: '{minItems: 2}' },
            },
          },
        },
      },
    });
  });

  test('the API version and the key as a bearer token', async () => {
    const { server, provider } = await given([reply.answer({})]);
    await provider.complete(QUESTION, signal());
    expect(server.requests[0]?.headers).toMatchObject({
      'anthropic-version': '2026-10-21',
      authorization: `Bearer ${KEY}`,
    });
    expect(server.requests[0]?.headers).not.toHaveProperty('x-api-key');
  });

  test('E9: nothing of the environment reaches the call', async () => {
    const trap = await messagesApiServer([reply.answer({ trap: true })]);
    open.push(trap.close);
    vi.stubEnv('ANTHROPIC_BASE_URL', trap.url);
    vi.stubEnv('ANTHROPIC_API_KEY', 'sk-from-environment');
    vi.stubEnv('ANTHROPIC_AUTH_TOKEN', 'token-from-environment');
    vi.stubEnv('ANTHROPIC_PROFILE', 'nobody');
    vi.stubEnv('ANTHROPIC_LOG', 'debug');
    vi.stubEnv('ANTHROPIC_CUSTOM_HEADERS', 'authorization: Bearer stolen\nx-evil: 1\nanthropic-version: 2020-01-01');
    const { server, provider } = await given([reply.answer({})]);
    const printed = [vi.spyOn(console, 'log'), vi.spyOn(console, 'debug'), vi.spyOn(console, 'info')];
    await provider.complete(QUESTION, signal());
    expect(
      Object.keys(server.requests[0]?.headers ?? {})
        .filter((name) => !TRANSPORT.has(name))
        .sort(),
    ).toEqual(['accept', 'anthropic-version', 'authorization', 'content-type', 'user-agent']);
    expect(server.requests[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
    expect(trap.received).toBe(0);
    for (const spy of printed) expect(spy).not.toHaveBeenCalled();
    vi.restoreAllMocks();
  });

  test('a redirect is not followed: the question goes nowhere else', async () => {
    const elsewhere = await messagesApiServer([reply.answer({})]);
    open.push(elsewhere.close);
    const { provider } = await given([reply.redirect(`${elsewhere.url}/v1/messages`)]);
    await expect(provider.complete(QUESTION, signal())).rejects.toBeInstanceOf(ProviderError);
    expect(elsewhere.received).toBe(0);
  });
});

describe('what comes back', () => {
  const failure = async (script: Reply[]) => {
    const { provider } = await given(script);
    const error = await provider.complete(QUESTION, signal()).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ProviderError);
    return error as ProviderError;
  };

  test('an error names status, type, code and request id, and no credential', async () => {
    const error = await failure([reply.spendLimit('contract_spend_limit_reached')]);
    expect(error.message).toBe('HTTP 429 contract_spend_limit_reached: the spend limit is reached');
    expect(error).toMatchObject({ status: 429, transient: false, request_id: 'req_local_1', retry_after_ms: 1000 });
    expect(JSON.stringify(error) + error.stack).not.toContain(KEY);
  });

  test('E4: 408, 409 and 5xx may pass; x-should-retry: false is obeyed', async () => {
    for (const status of [408, 409, 429, 500, 503, 504, 529]) {
      expect([status, (await failure([reply.status(status)])).transient]).toEqual([status, true]);
    }
    expect((await failure([reply.status(500, { 'x-should-retry': 'false' })])).transient).toBe(false);
  });

  test('an HTML page in the place of an answer is a broken answer', async () => {
    expect(await failure([reply.html()])).toMatchObject({ kind: 'broken_answer', transient: true });
  });

  test('nobody listening is a failed connection', async () => {
    const { server, provider } = await given([]);
    await server.close();
    open.splice(0);
    const error = await provider.complete(QUESTION, signal()).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      kind: 'connection',
      transient: true,
      message: 'the connection failed (ECONNREFUSED)',
    });
  });

  test('a schema that cannot be sent is an error of its author', async () => {
    const { provider, server } = await given([]);
    const question = { ...QUESTION, output: { properties: {} } };
    await expect(provider.complete(question, signal())).rejects.toSatisfy((error) =>
      isPortreeveError(error, 'misconfigured'),
    );
    expect(server.received).toBe(0);
  });
});

test('retry-after: milliseconds first, then seconds, then a date against the date of the answer', () => {
  const wait = (headers: Record<string, string>) => retryAfter(new Headers(headers));
  const date = 'Fri, 20 Nov 2026 08:00:00 GMT';
  expect(wait({})).toBeNull();
  expect(wait({ 'retry-after-ms': '250', 'retry-after': '9' })).toBe(250);
  expect(wait({ 'retry-after': '2' })).toBe(2000);
  expect(wait({ 'retry-after': '1.5' })).toBe(1500);
  expect(wait({ 'retry-after': 'Fri, 20 Nov 2026 08:00:30 GMT', date })).toBe(30_000);
  expect(wait({ 'retry-after': 'Fri, 20 Nov 2026 07:00:00 GMT', date })).toBeNull();
  expect(wait({ 'retry-after': 'Fri, 20 Nov 2026 08:00:30 GMT' })).toBeNull();
  expect(wait({ 'retry-after': '0' })).toBeNull();
  expect(wait({ 'retry-after': '-5' })).toBeNull();
  expect(wait({ 'retry-after': 'soon', date })).toBeNull();
  expect(wait({ 'retry-after': '999999999999' })).toBe(86_400_000);
});

test('options that cannot work are named at once, without the key', () => {
  const bad: [Partial<AnthropicProviderOptions>, string][] = [
    [{ credential: '' }, 'apiKey'],
    [{ credential: 'sk secret\n' }, 'apiKey'],
    [{ baseURL: 'file:///etc/passwd' }, 'baseURL'],
    [{ baseURL: '' }, 'baseURL'],
    [{ timeout_ms: 0 }, 'timeout_ms'],
    [{ model: '' }, 'model'],
  ];
  for (const [options, named] of bad) {
    try {
      anthropicProvider({ credential: KEY, model: 'claude-x', fetch, ...options });
      expect.unreachable();
    } catch (error) {
      expect(isPortreeveError(error, 'misconfigured')).toBe(true);
      expect(String(error)).toContain(named);
      expect(String(error)).not.toContain('secret');
    }
  }
});
