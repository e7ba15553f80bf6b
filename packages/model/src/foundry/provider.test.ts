import { afterEach, expect, test, vi } from 'vitest';
import {
  foundryDialect,
  messagesApiServer,
  PROVIDER_SCENARIOS,
  providerContract,
  reply,
  SILENT,
  scriptedServer,
} from '../testing/index.ts';
import { ownHeaderNames, PLAIN_QUESTION, trapEnvironment } from '../testing/trapped.ts';
import { foundryProvider, foundryURL } from './provider.ts';

const KEY = 'foundry-key';
const TOKEN = 'eyJ.entra.token';
const entra = { get: async () => TOKEN, rejected: () => undefined };
const signal = () => new AbortController().signal;

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const close of open.splice(0)) await close();
});

for (const how of ['with a key', 'as an Entra identity'] as const)
  providerContract(`foundry, ${how}`, async (scenario) => {
    const byKey = how === 'with a key';
    const dialect = foundryDialect(byKey ? { apiKey: KEY } : { token: TOKEN });
    const server = await scriptedServer(dialect, [PROVIDER_SCENARIOS[scenario]]);
    const provider = foundryProvider({
      ...{ name: 'foundry', model: 'claude-x', baseURL: `${server.url}/anthropic/`, fetch },
      credential: byKey ? KEY : entra,
      timeout_ms: SILENT.has(scenario) ? 150 : 20_000,
    });
    return { provider, asked: () => server.received, close: server.close };
  });

test('E9: nothing of the environment reaches the call', async () => {
  const trap = await messagesApiServer([]);
  open.push(trap.close);
  trapEnvironment(trap.url);
  const server = await scriptedServer(foundryDialect({ apiKey: KEY }), [reply.answer({ n: '1' })]);
  open.push(server.close);
  const provider = foundryProvider({
    ...{ name: 'foundry', model: 'claude-x', baseURL: `${server.url}/anthropic/`, fetch, credential: KEY },
  });
  await provider.complete(PLAIN_QUESTION, signal());
  expect(ownHeaderNames(server.requests[0]!.headers)).toEqual([
    'accept',
    'anthropic-version',
    'content-type',
    'user-agent',
    'x-api-key',
  ]);
  expect(trap.received).toBe(0);
});

test('the address of a resource', () => {
  expect(foundryURL('acme')).toBe('https://acme.services.ai.azure.com/anthropic/');
});
