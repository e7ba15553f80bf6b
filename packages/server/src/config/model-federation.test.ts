import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  digestOf,
  Labelled,
  type ModelRequest,
  type ProjectConfigInput,
  projectConfigSchema,
  systemClock,
} from '@portreeve/contract';
import { ROLE_KEY, startAwsServer } from '@portreeve/execute/testing';
import { localSharing } from '@portreeve/model';
import {
  bedrockDialect,
  foundryDialect,
  memoryObserver,
  openaiDialect,
  reply,
  scriptedServer,
  startTokenServer,
  vertexDialect,
} from '@portreeve/model/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openModels } from './model.ts';

const JWT = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl';
type Endpoint = NonNullable<ProjectConfigInput['models']>[number];

let folder: string;
const open: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portreeve-federated-'));
  await writeFile(join(folder, 'token'), JWT);
});
afterEach(async () => {
  for (const close of open.splice(0)) await close();
  await rm(folder, { recursive: true, force: true });
});
const kept = <T extends { close(): Promise<unknown> }>(server: T): T => {
  open.push(server.close);
  return server;
};

const COMMON = {
  name: 'cloud',
  model: 'claude-x',
  where: 'own-tenancy',
  clearance: { confidentiality: 'internal' },
} as const;
const token = { status: 200, body: { access_token: 'short-lived', expires_in: 3600 } };

/** Asks one question in production, where no key is in any store and none in the environment. */
async function askIn(endpoint: Endpoint) {
  const config = projectConfigSchema.parse({ environment: 'production', workflows: ['x'], models: [endpoint] });
  const models = kept(
    await openModels({
      ...{ config, clock: systemClock, keys: {}, health: () => undefined, shared: localSharing(systemClock) },
      secrets: { read: async () => null },
      at: (path) => join(folder, path),
    }),
  );
  const request: ModelRequest = {
    ...{ prompt: 'p', prompt_version: '1.0.0', model: null, system: 'Answer.', cites: [] },
    content: [{ type: 'text', text: 'Which?' }],
    output: { type: 'object', required: ['n'], properties: { n: { type: 'string' } }, additionalProperties: false },
    ...{ input_budget_tokens: 1000, max_output_tokens: 100, input_digest: digestOf('x') },
  };
  const label = { integrity: 'trusted', confidentiality: 'public', categories: [], origins: [] } as const;
  return models.endpoints[0].ask(new Labelled(request, label), memoryObserver());
}
const valid = { status: 'valid', attempts: 1 };

test('E9: Anthropic by federation: the token that was exchanged is the one that is sent', async () => {
  const message = {
    ...{ type: 'message', model: 'claude-x', content: [{ type: 'text', text: '{"n":"1"}' }], stop_reason: 'end_turn' },
    usage: { input_tokens: 1, output_tokens: 1 },
  };
  // One address has the tokens and the API, as the vendor's has.
  const vendor = kept(await startTokenServer([token, { status: 200, body: message }]));
  const federation = { token_file: 'token', rule: 'fdrl_1', organization: 'org_1' };
  expect(await askIn({ ...COMMON, kind: 'anthropic', base_url: vendor.url, federation })).toMatchObject(valid);
  expect(vendor.asked.map(({ path }) => path)).toEqual(['/v1/oauth/token', '/v1/messages']);
  expect(vendor.asked[0]?.body.assertion).toBe(JWT);
  expect(vendor.asked[1]?.headers.authorization).toBe('Bearer short-lived');
});

test('E9: a federation rule that refuses ends the question, and nothing was asked of a model', async () => {
  const vendor = kept(await startTokenServer([{ status: 401, body: { error: 'invalid_grant' } }]));
  const federation = { token_file: 'token', rule: 'fdrl_1', organization: 'org_1' };
  expect(await askIn({ ...COMMON, kind: 'anthropic', base_url: vendor.url, federation })).toMatchObject({
    ...{ status: 'failed', code: 'no_access', attempts: 1, reason: 'no token: Anthropic answered 401 invalid_grant' },
  });
  expect(vendor.asked).toHaveLength(1);
});

test('E1 E9: Bedrock as a role by web identity', async () => {
  const aws = kept(await startAwsServer(systemClock));
  aws.webTokens.add(JWT);
  const keys = ROLE_KEY;
  const api = kept(await scriptedServer(bedrockDialect({ keys, region: 'eu-central-1' }), [reply.answer({ n: '1' })]));
  const result = await askIn({
    ...{ ...COMMON, kind: 'bedrock', region: 'eu-central-1', base_url: api.url, sts_endpoint: aws.sts_endpoint },
    auth: { method: 'web-identity', role_arn: 'arn:aws:iam::123456789012:role/models', token_file: 'token' },
  });
  expect(result).toMatchObject(valid);
});

test('E1 E9: Vertex AI as a federated identity', async () => {
  const place = { project: 'acme-models', region: 'europe-west1' };
  const api = kept(await scriptedServer(vertexDialect({ ...place, token: 'short-lived' }), [reply.answer({ n: '1' })]));
  const tokens = kept(await startTokenServer([token]));
  const result = await askIn({
    ...{ ...COMMON, ...place, kind: 'vertex', base_url: `${api.url}/v1` },
    federation: { token_file: 'token', audience: '//iam.googleapis.com/x', token_url: `${tokens.url}/v1/token` },
  });
  expect(result).toMatchObject(valid);
});

test('E1 E9: Microsoft Foundry as an Entra application', async () => {
  const api = kept(await scriptedServer(foundryDialect({ token: 'short-lived' }), [reply.answer({ n: '1' })]));
  const tokens = kept(await startTokenServer([token]));
  const result = await askIn({
    ...{ ...COMMON, kind: 'foundry', base_url: `${api.url}/anthropic/` },
    federation: {
      ...{ token_file: 'token', tenant: 'acme', authority: tokens.url },
      client_id: '6ba7b810-9dad-41d1-80b4-00c04fd430c8',
    },
  });
  expect(result).toMatchObject(valid);
});

test('E2 E9: an OpenAI-compatible server behind any authorisation server', async () => {
  const api = kept(await scriptedServer(openaiDialect('short-lived'), [reply.answer({ n: '1' })]));
  const tokens = kept(await startTokenServer([token]));
  const result = await askIn({
    ...{ ...COMMON, kind: 'openai-compatible', base_url: `${api.url}/v1` },
    federation: { token_file: 'token', token_url: `${tokens.url}/token` },
  });
  expect(result).toMatchObject(valid);
});
