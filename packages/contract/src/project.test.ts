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
  const { model } = projectConfigSchema.parse({ workflows: ['workflows/a'] });
  expect(model.clearance).toEqual({ confidentiality: 'confidential', categories: ['personal', 'customer'] });
});

test('resolveSystemUrl puts in the address of a system, leaves others, and gives null for an unknown one', () => {
  expect(resolveSystemUrl('system://cases/v1/{id}', systems)).toBe('http://127.0.0.1:7500/v1/{id}');
  expect(resolveSystemUrl('https://other.example/x', systems)).toBe('https://other.example/x');
  expect(resolveSystemUrl('system://tickets/v1', systems)).toBeNull();
});
