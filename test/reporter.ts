import { writeSync } from 'node:fs';
import type { Reporter, SerializedError, TestCase, TestModule, TestSuite } from 'vitest/node';

export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The line that people and `.ci/run` read: `N passed, N failed`, and `, N skipped` where some were. */
export function totalsLine(totals: Totals): string {
  const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : '';
  return `${totals.passed} passed, ${totals.failed} failed${skipped}`;
}

/**
 * A test that did not end counts as failed; so does each file or suite that broke outside of its tests, and each error
 * that no test caught.
 */
export function totalsOf(modules: readonly TestModule[], unhandled: readonly SerializedError[]): Totals {
  const totals = { passed: 0, failed: unhandled.length, skipped: 0 };
  const count = (item: TestCase | TestSuite | TestModule): void => {
    if (item.type === 'test') {
      const { state } = item.result();
      totals[state === 'pending' ? 'failed' : state] += 1;
      return;
    }
    if (item.errors().length > 0) totals.failed += 1;
    for (const child of item.children) count(child);
  };
  for (const module of modules) count(module);
  return totals;
}

/** A line for each that failed: its file and name, and the first line of what it said. */
export function failedLines(modules: readonly TestModule[]): string[] {
  const lines: string[] = [];
  const look = (item: TestCase | TestSuite | TestModule): void => {
    const errors = (item.type === 'test' ? item.result().errors : item.errors()) ?? [];
    const failed = item.type === 'test' ? ['failed', 'pending'].includes(item.result().state) : errors.length > 0;
    const name = item.type === 'module' ? item.relativeModuleId : `${item.module.relativeModuleId} > ${item.fullName}`;
    if (failed) lines.push(`failed: ${name}: ${errors[0]?.message.split('\n')[0] ?? 'did not end'}`);
    if (item.type !== 'test') for (const child of item.children) look(child);
  };
  for (const module of modules) look(module);
  return lines;
}

/** Prints {@link failedLines}, and {@link totalsLine} as the very last line of a run, after all that others print when it ends. */
export class TotalsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const line = totalsLine(totalsOf(modules, unhandled));
    const lines = [...failedLines(modules), line];
    process.once('exit', () => writeSync(1, `${lines.join('\n')}\n`));
  }
}
