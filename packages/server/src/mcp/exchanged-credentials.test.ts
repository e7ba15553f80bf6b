import { fixedClock, type McpUpstream, newId, type Principal } from '@portreeve/contract';
import { type ExchangeWish, type SecretStore, SecretStoreError } from '@portreeve/execute';
import { beforeEach, expect, test } from 'vitest';
import { exchangedName, withExchanges } from './exchanged-credentials.ts';

const clock = fixedClock('2026-11-21T09:00:00.000Z');
const ana = newId('principal', clock);
const exchange = { token_endpoint: 'system://tokens/t', audience: 'a', client_id: 'c', client_secret: 'client' };
const upstreams = [{ name: 'tracker', credentials: { exchange } }, { name: 'wiki' }] as unknown as McpUpstream[];

let wishes: ExchangeWish[];
let expires_in: number | null;
let fails: Error | null;
let mayAct: boolean;
let secrets: Record<string, string>;
beforeEach(() => {
  wishes = [];
  expires_in = 3600;
  fails = null;
  mayAct = true;
  secrets = { client: 'the secret', 'exchange-wiki-x': 'of the store' };
});

const store = {
  fetch: async (name: string) => (secrets[name] === undefined ? null : { value: secrets[name], lease: null }),
} as SecretStore;
const credentials = () =>
  withExchanges(store, {
    ...{ upstreams, clock },
    whoIs: async (id) => (mayAct ? ({ id, name: 'ana' } as Principal) : null),
    subjectToken: async ({ id }, endpoint) => `statement of ${id} for ${endpoint}`,
    secret: async (name) => secrets[name] ?? null,
    locate: (url) => url.replace('system://tokens', 'https://tokens.example'),
    exchange: async (wish) => {
      wishes.push(wish);
      if (fails) throw fails;
      return { token: `token ${wishes.length}`, expires_in };
    },
  });
const name = exchangedName('tracker', ana);
const whyNot = (fetched: Promise<unknown>) =>
  fetched.then(() => null).catch((error: Error) => `${error.name}: ${error.message}`);

test('B4: a token is asked for in the name of its person, at the endpoint alone, and kept while it lives', async () => {
  const at = credentials();
  expect(await at.fetch(name)).toEqual({ value: 'token 1', lease: null });
  expect(wishes).toEqual([
    {
      endpoint: new URL('https://tokens.example/t'),
      client: { id: 'c', secret: 'the secret' },
      subject_token: `statement of ${ana} for https://tokens.example/t`,
      ...{ audience: 'a', resource: undefined, scope: undefined },
    },
  ]);
  clock.advance(299_000);
  expect((await at.fetch(name))?.value).toBe('token 1');
  clock.advance(2000);
  expect((await at.fetch(name))?.value).toBe('token 2');
});

test.each([
  ['that lives for less than the margin', 30],
  ['whose end nobody told', null],
])('B4: a token %s is used once', async (_what, seconds) => {
  expires_in = seconds;
  const at = credentials();
  expect([(await at.fetch(name))?.value, (await at.fetch(name))?.value]).toEqual(['token 1', 'token 2']);
});

test('B4: whoever may act no more gets none, also where one is kept', async () => {
  const at = credentials();
  await at.fetch(name);
  mayAct = false;
  expect(await whyNot(at.fetch(name))).toBe('CredentialUnavailable: whoever asked for tracker may act no more');
});

test('B4: a failure is a sentence of ours, and is not kept', async () => {
  const at = credentials();
  fails = new SecretStoreError('the token exchange for tracker: it was refused with invalid_target');
  expect(await whyNot(at.fetch(name))).toBe(`CredentialUnavailable: ${fails.message}`);
  fails = new Error('a text with statement of ana');
  expect(await whyNot(at.fetch(name))).toBe('CredentialUnavailable: the token exchange for tracker could not be made');
  fails = null;
  expect((await at.fetch(name))?.value).toBe('token 3');
  delete secrets.client;
  clock.advance(301_000);
  expect(await whyNot(at.fetch(name))).toBe(
    'CredentialUnavailable: the token exchange for tracker: there is no secret client',
  );
});

test('F7: every other name is the store’s', async () => {
  const at = credentials();
  expect(await at.fetch('exchange-wiki-x')).toEqual({ value: 'of the store', lease: null });
  expect(await at.fetch('none')).toBeNull();
  expect(withExchanges(store, { upstreams: [] } as never)).toBe(store);
});
