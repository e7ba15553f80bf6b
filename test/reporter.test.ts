import { expect, test } from 'vitest';
import type { TestCase, TestModule, TestSuite } from 'vitest/node';
import { totalsLine, totalsOf } from './reporter.ts';

const testCase = (state: 'passed' | 'failed' | 'skipped' | 'pending') =>
  ({ type: 'test', result: () => ({ state }) }) as unknown as TestCase;
const group = (type: 'suite' | 'module', children: unknown[], errors: Error[] = []) =>
  ({ type, children, errors: () => errors }) as unknown as TestSuite & TestModule;

test('the last line is plain, and speaks of skipping only where something was skipped', () => {
  expect(totalsLine({ passed: 12, failed: 0, skipped: 0 })).toBe('12 passed, 0 failed');
  expect(totalsLine({ passed: 1, failed: 2, skipped: 3 })).toBe('1 passed, 2 failed, 3 skipped');
});

test('counts tests at every depth; what did not end has failed', () => {
  const suite = group('suite', [testCase('passed'), group('suite', [testCase('failed'), testCase('pending')])]);
  expect(totalsOf([group('module', [testCase('passed'), testCase('skipped'), suite])], [])).toEqual({
    passed: 2,
    failed: 2,
    skipped: 1,
  });
});

test('a file that does not load, a broken suite and an error outside of tests have failed', () => {
  const broken = group('module', [], [new Error('does not load')]);
  const suite = group('module', [group('suite', [testCase('skipped')], [new Error('beforeAll')])]);
  expect(totalsOf([broken, suite], [{ message: 'unhandled' } as never])).toEqual({ passed: 0, failed: 3, skipped: 1 });
});
