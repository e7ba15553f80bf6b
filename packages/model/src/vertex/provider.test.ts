import { afterEach, expect, test, vi } from 'vitest';
import {
  messagesApiServer,
  PROVIDER_SCENARIOS,
  providerContract,
  reply,
  SILENT,
  scriptedServer,
  vertexDialect,
} from '../testing/index.ts';
import { ownHeaderNames, PLAIN_QUESTION, trapEnvironment } from '../testing/trapped.ts';
import { vertexProvider, vertexURL } from './provider.ts';

const PLACE = { project: 'acme-models', region: 'europe-west1' };
const TOKEN = 'ya29.a-token';
const signal = () => new AbortController().signal;

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const close of open.splice(0)) await close();
});

providerContract('vertex', async (scenario) => {
  const server = await scriptedServer(vertexDialect({ ...PLACE, token: TOKEN }), [PROVIDER_SCENARIOS[scenario]]);
  const provider = vertexProvider({
    ...{ ...PLACE, name: 'vertex', model: 'claude-x', baseURL: `${server.url}/v1`, fetch, credential: TOKEN },
    timeout_ms: SILENT.has(scenario) ? 150 : 20_000,
  });
  return { provider, asked: () => server.received, close: server.close };
});

test('E9: nothing of the environment reaches the call, and no default credentials are looked for', async () => {
  const trap = await messagesApiServer([]);
  open.push(trap.close);
  trapEnvironment(trap.url);
  const server = await scriptedServer(vertexDialect({ ...PLACE, token: TOKEN }), [reply.answer({ n: '1' })]);
  open.push(server.close);
  const provider = vertexProvider({
    ...{ ...PLACE, name: 'vertex', model: 'claude-x', baseURL: `${server.url}/v1`, fetch, credential: TOKEN },
  });
  await provider.complete({ ...PLAIN_QUESTION, model: 'claude-x' }, signal());
  const [asked] = server.requests;
  expect(asked?.path).toBe(
    '/v1/projects/acme-models/locations/europe-west1/publishers/anthropic/models/claude-x:rawPredict',
  );
  expect(ownHeaderNames(asked!.headers)).toEqual(['accept', 'authorization', 'content-type', 'user-agent']);
  expect(trap.received).toBe(0);
});

test('E9: a token that is not accepted is asked for anew before the next question', async () => {
  const server = await scriptedServer(vertexDialect({ ...PLACE, token: TOKEN }), [reply.answer({ n: '1' })]);
  open.push(server.close);
  const rejected: string[] = [];
  const credential = {
    get: async () => (rejected.length === 0 ? 'stale' : TOKEN),
    rejected: (token: string) => void rejected.push(token),
  };
  const provider = vertexProvider({
    ...{ ...PLACE, name: 'vertex', model: 'claude-x', baseURL: `${server.url}/v1`, fetch, credential },
  });
  await expect(provider.complete(PLAIN_QUESTION, signal())).rejects.toMatchObject({
    ...{ kind: 'status', status: 401, message: 'HTTP 401 UNAUTHENTICATED: no valid access token' },
  });
  expect(rejected).toEqual(['stale']);
  expect((await provider.complete(PLAIN_QUESTION, signal())).stop_reason).toBe('end_turn');
});

test('the addresses of regions and multi-regions', () => {
  expect(vertexURL('europe-west1')).toBe('https://europe-west1-aiplatform.googleapis.com/v1');
  expect(vertexURL('global')).toBe('https://aiplatform.googleapis.com/v1');
  expect(vertexURL('eu')).toBe('https://aiplatform.eu.rep.googleapis.com/v1');
});
