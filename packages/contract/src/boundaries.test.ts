import { describe, expect, test } from 'vitest';
import { askBoundary, type Boundaries, boundariesSchema, readBoundary } from './index.ts';

const answers: Boundaries = {
  repositories: ['code'],
  logs: ['app-logs'],
  production_logs: false,
  secrets: 'redact',
  identifiers: { customer: 'never', personal: 'pseudonyms' },
  kept: { models: ['own-tenancy', 'inside'], days: 30 },
};

describe('A6: which boundary stands against a read', () => {
  test.each([
    ['a source that says nothing of what it holds', { name: 'cases' }, 'test', 'none'],
    ['logs that are named', { name: 'app-logs', holds: 'logs' }, 'test', 'none'],
    ['logs that are not', { name: 'other-logs', holds: 'logs' }, 'test', 'logs'],
    ['code that is named', { name: 'code', holds: 'repository' }, 'production', 'none'],
    ['code that is not', { name: 'app-logs', holds: 'repository' }, 'test', 'repository'],
    ['logs read in production', { name: 'app-logs', holds: 'logs' }, 'production', 'production-logs'],
    [
      'logs of production read elsewhere',
      { name: 'app-logs', holds: 'logs', production: true },
      'test',
      'production-logs',
    ],
    [
      'logs that are not of production, read there',
      { name: 'app-logs', holds: 'logs', production: false },
      'production',
      'none',
    ],
  ] as const)('%s', (_name, source, environment, expected) => {
    expect(readBoundary(answers, source, environment)).toBe(expected);
    expect(readBoundary(undefined, source, environment)).toBe('none');
    if (expected === 'production-logs')
      expect(readBoundary({ ...answers, production_logs: true }, source, environment)).toBe('none');
  });
});

describe('A6: which boundary stands against a question', () => {
  test.each([
    ['nothing about anybody', 'inside', [], 'none'],
    ['customer data', 'inside', ['customer'], 'customer'],
    ['both: what is never said goes first', 'inside', ['personal', 'customer'], 'customer'],
    ['personal data', 'inside', ['personal'], 'pseudonyms'],
    ['another category', 'inside', ['health'], 'none'],
    ['an endpoint elsewhere, whatever is asked', 'public-cloud', [], 'models'],
  ] as const)('%s', (_name, where, categories, expected) => {
    expect(askBoundary(answers, where, { categories })).toBe(expected);
    expect(askBoundary(undefined, where, { categories })).toBe('none');
  });
});

test('A6: an answer that is left out is no answer', () => {
  expect(boundariesSchema.safeParse(answers).success).toBe(true);
  for (const name of Object.keys(answers)) {
    const { [name as keyof Boundaries]: _gone, ...rest } = answers;
    expect(boundariesSchema.safeParse(rest).success).toBe(false);
  }
});
