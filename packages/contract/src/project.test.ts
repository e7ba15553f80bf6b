import { expect, test } from 'vitest';
import { projectConfigSchema, resolveSystemUrl } from './project.ts';

const systems = { cases: { url: 'http://127.0.0.1:7500/', private: true } };

test('a system is private only where the configuration says so, and has an http address', () => {
  const parse = (config: object) => projectConfigSchema.safeParse({ workflows: ['workflows/a'], ...config });
  expect(parse({ systems: { cases: { url: 'https://cases.example' } } }).data?.systems.cases?.private).toBe(false);
  expect(parse({ systems: { cases: { url: 'file:///etc/passwd' } } }).success).toBe(false);
  expect(parse({ systems: { cases: { url: 'not an address' } } }).success).toBe(false);
  expect(parse({ workflows: [] }).success).toBe(false);
  expect(parse({ environment: 'prod' }).success).toBe(false);
  expect(parse({ disable_policy: true }).success).toBe(false);
});

test('A2: without a word about it, a model endpoint is not cleared for restricted data', () => {
  const { models } = projectConfigSchema.parse({ workflows: ['workflows/a'] });
  expect(models.map(({ name, clearance }) => [name, clearance])).toEqual([
    ['anthropic', { confidentiality: 'confidential', categories: ['personal', 'customer'] }],
  ]);
});

test('D10: an endpoint says where it is and what it may receive, and has a name of its own', () => {
  const endpoint = {
    ...{ name: 'cloud', kind: 'anthropic', model: 'claude-x', secret: 'cloud-key', where: 'public-cloud' },
    clearance: { confidentiality: 'internal' },
  };
  const parse = (...models: object[]) => projectConfigSchema.safeParse({ workflows: ['a'], models }).success;
  expect(parse(endpoint, { ...endpoint, name: 'inside', where: 'inside' })).toBe(true);
  expect(parse(endpoint, endpoint)).toBe(false);
  expect(parse()).toBe(false);
  for (const lacking of ['where', 'clearance', 'secret'])
    expect(parse({ ...endpoint, [lacking]: undefined })).toBe(false);
});

test('resolveSystemUrl puts in the address of a system, leaves others, and gives null for an unknown one', () => {
  expect(resolveSystemUrl('system://cases/v1/{id}', systems)).toBe('http://127.0.0.1:7500/v1/{id}');
  expect(resolveSystemUrl('https://other.example/x', systems)).toBe('https://other.example/x');
  expect(resolveSystemUrl('system://tickets/v1', systems)).toBeNull();
});
