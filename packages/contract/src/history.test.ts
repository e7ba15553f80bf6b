import { describe, expect, test } from 'vitest';
import { type HistoryFacts, historyProblems, historySchema, visibleHistory, windowMs } from './history.ts';
import { type ToolContract, toolContractSchema } from './workflow.ts';

const tool = (name: string, properties: object, required: string[]): ToolContract =>
  toolContractSchema.parse({
    name,
    version: '1.0',
    title: name,
    description: 'A tool of a test.',
    tier: 2,
    effect: 'write',
    args: { type: 'object', properties, required, additionalProperties: false },
    result: { type: 'object' },
    sinks: [],
    clearance: { confidentiality: 'internal' },
    undo: 'irreversible',
    timeout_ms: 1000,
    idempotency: 'none',
    audience: 'test',
    binding: { connector: 'http', method: 'POST', url: 'https://example.test/' },
  });

const text = { type: 'string' };
const pay = tool('pay', { 'a/b': text, cents: { type: 'integer' }, note: text }, ['a/b', 'cents']);
const look = tool('look', { id: text }, ['id']);
const facts = (over: object): HistoryFacts =>
  historySchema.parse({ fact: { kind: 'count', tools: ['pay'], by: [], window: '24h', ...over } });

describe('history facts', () => {
  test('C6: windows are exact', () => {
    expect(['1s', '90m', '24h', '400d'].map(windowMs)).toEqual([1000, 5_400_000, 86_400_000, 34_560_000_000]);
    for (const window of ['0s', '1', '1w', '401d', '1.5h', '-1h', ' 1h'])
      expect(() => facts({ window }), window).toThrow();
  });

  test('C6: a decision knows the facts whose keys its tool always has', () => {
    expect(Object.keys(visibleHistory(facts({ by: ['principal', '/a~1b'] }), pay))).toEqual(['fact']);
    expect(Object.keys(visibleHistory(facts({ by: ['/a~1b'] }), look))).toEqual([]);
    expect(Object.keys(visibleHistory(facts({ by: ['/note'] }), pay))).toEqual([]);
    expect(Object.keys(visibleHistory(facts({ by: ['actor'] }), look))).toEqual(['fact']);
  });

  test.each([
    ['a tool that is not there', { tools: ['nobody'] }, 'history.fact.tools'],
    ['a key that may be missing', { by: ['/note'] }, 'history.fact.by'],
    ['a key that is not there', { by: ['/customer'] }, 'history.fact.by'],
    ['a sum of nothing', { kind: 'sum' }, 'history.fact.of'],
    ['a count of something', { of: '/cents' }, 'history.fact.of'],
    ['a sum of a text', { kind: 'sum', of: '/a~1b' }, 'history.fact.of'],
  ])('C6: %s is named', (_name, over, path) => {
    expect(historyProblems(facts(over), [pay, look]).map((error) => error.path)).toEqual([path]);
  });

  test('C6: what is sound has no problem', () => {
    expect(historyProblems(facts({ kind: 'sum', of: '/cents', by: ['/a~1b'] }), [pay])).toEqual([]);
  });
});
