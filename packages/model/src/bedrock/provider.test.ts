import { afterEach, expect, test, vi } from 'vitest';
import { ProviderError } from '../ports.ts';
import {
  bedrockDialect,
  chunkMessage,
  exceptionMessage,
  messagesApiServer,
  PROVIDER_SCENARIOS,
  providerContract,
  type Reply,
  reply,
  SILENT,
  scriptedServer,
} from '../testing/index.ts';
import { ownHeaderNames, PLAIN_QUESTION, trapEnvironment } from '../testing/trapped.ts';
import { type BedrockProviderOptions, bedrockProvider, bedrockURL } from './provider.ts';

const REGION = 'eu-central-1';
const KEYS = { accessKeyId: 'AKIAPORTREEVETEST000', secretAccessKey: 'a/secret+key', sessionToken: 'session==' };
const MODEL = 'global.anthropic.claude-sonnet-5-5:0';
const signal = () => new AbortController().signal;

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const close of open.splice(0)) await close();
});
async function given(script: readonly Reply[], more: Partial<BedrockProviderOptions> = {}) {
  const server = await scriptedServer(bedrockDialect({ keys: KEYS, region: REGION }), script);
  open.push(server.close);
  const provider = bedrockProvider({
    ...{ name: 'bedrock', model: MODEL, region: REGION, baseURL: server.url, fetch },
    credential: { keys: async () => KEYS },
    ...more,
  });
  return { server, provider };
}

for (const how of ['signed', 'with an API key'] as const)
  providerContract(`bedrock, ${how}`, async (scenario) => {
    const signed = how === 'signed';
    const dialect = bedrockDialect(signed ? { keys: KEYS, region: REGION } : { apiKey: 'bedrock-key' });
    const server = await scriptedServer(dialect, [PROVIDER_SCENARIOS[scenario]]);
    const provider = bedrockProvider({
      ...{ name: 'bedrock', model: MODEL, region: REGION, baseURL: server.url, fetch },
      credential: signed ? { keys: async () => KEYS } : 'bedrock-key',
      timeout_ms: SILENT.has(scenario) ? 150 : 20_000,
    });
    return { provider, asked: () => server.received, close: server.close };
  });

test('E9: nothing of the environment reaches the call, and only what is sent is signed', async () => {
  const trap = await messagesApiServer([]);
  open.push(trap.close);
  trapEnvironment(trap.url);
  const { server, provider } = await given([reply.answer({ n: '1' })]);
  await provider.complete({ ...PLAIN_QUESTION, model: MODEL }, signal());
  const [asked] = server.requests;
  expect(ownHeaderNames(asked!.headers)).toEqual([
    'accept',
    'authorization',
    'content-type',
    'user-agent',
    'x-amz-content-sha256',
    'x-amz-date',
    'x-amz-security-token',
  ]);
  expect(asked?.headers.authorization).toContain(`/${REGION}/bedrock/aws4_request`);
  expect(asked?.body.model).toBe(MODEL);
  expect(trap.received).toBe(0);
});

test('E9: without keys nothing is sent, and the reason is a missing credential', async () => {
  const { server, provider } = await given([], {
    credential: { keys: () => Promise.reject(new Error('AWS STS answered 403')) },
  });
  await expect(provider.complete(PLAIN_QUESTION, signal())).rejects.toMatchObject({
    ...{ name: 'ProviderError', kind: 'credential', transient: true, message: 'no keys for AWS: AWS STS answered 403' },
  });
  expect(server.received).toBe(0);
});

test('E4: an exception within the stream keeps its name and what was counted; a throttled one passes', async () => {
  const failing =
    (name: string, message: string): Reply =>
    (exchange) => {
      exchange.streamHead();
      const frames = exchange.frames({ model: 'claude-test-1', text: 'hello', input_tokens: 42 });
      for (const frame of frames.slice(0, 3)) exchange.response.write(frame);
      exchange.response.end(exceptionMessage(name, message));
    };
  const ask = async (script: Reply) => {
    const { provider } = await given([script]);
    const error = await provider.complete(PLAIN_QUESTION, signal(), { text: () => undefined }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ProviderError);
    return error as ProviderError;
  };
  const throttled = await ask(failing('throttlingException', 'Too many requests'));
  expect(throttled).toMatchObject({ kind: 'status', status: null, transient: true, request_id: 'req_local_1' });
  expect(throttled.message).toBe('within the stream throttlingException: Too many requests');
  expect(throttled.usage).toMatchObject({ input_tokens: 42, output_tokens: 1 });
  expect(await ask(failing('validationException', 'Malformed'))).toMatchObject({ kind: 'status', transient: false });
  expect(await ask(failing('validationException', 'Input is too long for requested model.'))).toMatchObject({
    ...{ kind: 'context_overflow', transient: false },
  });
});

test('a damaged frame, and a frame without JSON, are broken answers', async () => {
  const damaged = chunkMessage({ type: 'message_stop' });
  damaged[damaged.length - 1]! ^= 1;
  for (const bytes of [damaged, chunkMessage('{"id": <<<')]) {
    const { provider } = await given([
      (exchange) => {
        exchange.streamHead();
        exchange.response.end(bytes);
      },
    ]);
    const asked = provider.complete(PLAIN_QUESTION, signal(), { text: () => undefined });
    await expect(asked).rejects.toMatchObject({ kind: 'broken_answer', transient: true });
  }
});

test('the address of a region', () => {
  expect(bedrockURL('eu-central-1')).toBe('https://bedrock-runtime.eu-central-1.amazonaws.com');
});
