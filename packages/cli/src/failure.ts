import { isPortreeveError, type Problem, toProblem } from '@portreeve/contract';
import { printable, style } from './output.ts';

/** Exit codes of every command (the design's): 0 done, 1 refused or failed, 2 usage, 3 waiting for a person. */
export const EXIT = { done: 0, failed: 1, usage: 2, waiting: 3 } as const;

/** A problem that the server answered. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** A call that was written wrongly. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Says what went wrong and what to do next; gives the exit code. */
export function reportFailure(error: unknown, json: boolean): number {
  const problem = problemOf(error);
  if (error instanceof UsageError) {
    if (json) reportUsage(error.message);
    else console.error(`${style('red', 'usage:')} ${printable(error.message)}`);
    return EXIT.usage;
  }
  const next = 'Set PORTREEVE_DEBUG=1 to see where it comes from, and report it.';
  if (json) console.log(JSON.stringify({ error: problem ?? { code: 'internal', detail: messageOf(error), next } }));
  if (!problem && process.env.PORTREEVE_DEBUG) console.error(error);
  if (json) return EXIT.failed;
  if (!problem) {
    console.error(`${style('red', 'error:')} ${printable(messageOf(error))}`);
    console.error(`${style('cyan', 'next:')} ${next}`);
    return EXIT.failed;
  }
  console.error(`${style('red', `${problem.code}:`)} ${printable(problem.detail)}`);
  for (const field of problem.errors ?? []) console.error(`  ${printable(field.path)}: ${printable(field.message)}`);
  console.error(`${style('cyan', 'next:')} ${printable(problem.next)}`);
  if (problem.acceptable_use)
    console.error(`${style('cyan', 'acceptable use:')} ${printable(problem.acceptable_use)} in the console`);
  return EXIT.failed;
}

/** The document of a call that was written wrongly. */
export function reportUsage(detail: string): void {
  console.log(JSON.stringify({ error: { code: 'usage', detail, next: 'portreeve --help shows the commands.' } }));
}

function problemOf(error: unknown): Problem | null {
  if (error instanceof ProblemError) return error.problem;
  return isPortreeveError(error) ? toProblem(error) : null;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
