import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openApiDocument } from '@portreeve/server/testing';
import { expect, test } from 'vitest';
import { ROOT } from './repository.ts';
import { generateClient } from './support/generate-client.ts';

const FILE = join(ROOT, 'packages/sdk/src/client/api.ts');

test('I3: the client of the SDK is what the OpenAPI document says', async () => {
  const text = generateClient(await openApiDocument());
  if (process.env.UPDATE_CLIENT === '1') writeFileSync(FILE, text);
  expect(
    readFileSync(FILE, 'utf8'),
    'If you are here because this failed, the API changed: run with UPDATE_CLIENT=1 and review the difference of api.ts.',
  ).toBe(text);
  expect(text.match(/^ {2}'(GET|POST|DELETE) /gm)?.length).toBeGreaterThan(60);
});

test('I3: a schema that the generator does not know is an error and no type', () => {
  const document = (schema: object) => ({
    components: { schemas: {} },
    paths: { '/x': { get: { summary: 'X', responses: { 200: { content: { 'application/json': { schema } } } } } } },
  });
  expect(() => generateClient(document({ type: 'tuple' }))).toThrow('tuple');
  expect(generateClient(document({ type: 'object', properties: { a: { type: 'string' } } }))).toContain('a?: string');
});
