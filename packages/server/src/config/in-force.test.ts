import { projectConfigSchema } from '@portreeve/contract';
import { expect, test } from 'vitest';
import { changesOf, configInForce, partsOf } from './in-force.ts';

const parse = (change: object = {}) => projectConfigSchema.parse({ workflows: ['workflows/one'], ...change });
const stream = (name: string, path: string) => ({ name, to: { kind: 'file', path } });

test('G1: every part of the configuration is looked at, whatever its schema grows to', () => {
  const parts = Object.keys(configInForce(parse()));
  const present = Object.keys(JSON.parse(JSON.stringify(parse())));
  for (const name of present)
    expect(
      parts.some((part) => part === name || part.startsWith(`${name}.`)),
      name,
    ).toBe(true);
  expect(present.length).toBeGreaterThan(10);
});

test('G1: a change is told by the part that it is in, and by no value', () => {
  const before = configInForce(parse({ audit: { streams: [stream('siem', '/a'), stream('lake', '/b')] } }));
  const after = configInForce(
    parse({
      audit: { streams: [stream('siem', '/secret-place'), stream('new', '/b')], checkpoint_every_s: 5 },
      systems: { crm: { url: 'https://crm.example' } },
    }),
  );
  expect(changesOf(before, after)).toEqual([
    { part: 'audit.checkpoint_every_s', change: 'changed' },
    { part: 'audit.streams.lake', change: 'removed' },
    { part: 'audit.streams.new', change: 'added' },
    { part: 'audit.streams.siem', change: 'changed' },
    { part: 'systems', change: 'removed' },
    { part: 'systems.crm.private', change: 'added' },
    { part: 'systems.crm.url', change: 'added' },
  ]);
  expect(JSON.stringify(after)).not.toMatch(/secret-place|crm\.example/);
  expect(changesOf(after, after)).toEqual([]);
  expect(changesOf({}, partsOf('tool', [{ name: 'pay' }]))).toEqual([{ part: 'tool.pay', change: 'added' }]);
});
