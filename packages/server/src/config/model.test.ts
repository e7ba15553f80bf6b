import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ProjectConfigInput, projectConfigSchema, systemClock } from '@portreeve/contract';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ModelEndpoint, openModel } from './model.ts';
import { openSecrets, type Secrets, stateKeystore } from './secrets.ts';

let folder: string;
let keystore: Parameters<typeof stateKeystore>[0];
let secrets: Secrets;
const opened: ModelEndpoint[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portreeve-model-'));
  const production = projectConfigSchema.parse({ environment: 'production', workflows: ['x'] });
  keystore = { config: production, projectFolder: folder, stateFolder: folder };
  secrets = openSecrets({ ...keystore, clock: systemClock });
});
afterEach(async () => {
  for (const model of opened.splice(0)) await model.close();
  await rm(folder, { recursive: true, force: true });
});

async function open(environment: ProjectConfigInput['environment'], environmentKey?: string): Promise<ModelEndpoint> {
  const config = projectConfigSchema.parse({ environment, workflows: ['x'], model: { name: 'claude-test-1' } });
  const model = await openModel({ config, secrets, environmentKey, clock: systemClock, health: () => undefined });
  opened.push(model);
  return model;
}

test('J1: without a key the model is simulated, and says so', async () => {
  expect((await open('development')).provider).toMatchObject({ simulated: true });
});

test('J1: with a key it is Claude, with no other change', async () => {
  expect((await open('development', 'sk-test')).provider).toMatchObject({
    simulated: false,
    name: 'anthropic',
    model: 'claude-test-1',
  });
});

test('production never runs on the simulated model', async () => {
  await expect(open('production')).rejects.toMatchObject({
    code: 'misconfigured',
    detail: expect.stringContaining('anthropic-api-key'),
    next: expect.stringContaining('store the key'),
  });
});

test('E9: production takes the key from the secret store and not from the environment', async () => {
  await stateKeystore(keystore).set('anthropic-api-key', 'sk-stored');
  expect((await open('production')).provider.simulated).toBe(false);
  const error = await open('production', 'sk-in-the-environment').catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'misconfigured', detail: 'ANTHROPIC_API_KEY is set in production.' });
  expect(String(error)).not.toContain('sk-in');
});
