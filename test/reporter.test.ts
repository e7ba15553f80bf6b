import { expect, test } from 'vitest';
import type { TestCase, TestModule, TestSuite } from 'vitest/node';
import { failedLines, totalsLine, totalsOf } from './reporter.ts';

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

test('what failed is named: a test, a test that did not end, and a file that does not load', () => {
  const at = { relativeModuleId: 'a.test.ts' };
  const wrong = { message: 'expected 1 to be 2\n- more' };
  const named = (fullName: string, state: string, errors?: object[]) =>
    ({ type: 'test', module: at, fullName, result: () => ({ state, errors }) }) as unknown as TestCase;
  const tests = [named('one', 'failed', [wrong]), named('two', 'pending'), named('three', 'passed')];
  const module = Object.assign(group('module', tests, [new Error('does not load')]), at);
  expect(failedLines([module])).toEqual([
    'failed: a.test.ts: does not load',
    'failed: a.test.ts > one: expected 1 to be 2',
    'failed: a.test.ts > two: did not end',
  ]);
});
