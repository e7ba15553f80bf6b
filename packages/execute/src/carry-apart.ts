import type { UnitOfWork } from '@portreeve/contract';
import type { Executed, ExecuteInput, Granted } from './execute.ts';

/**
 * What {@link Executor.carry} does where the executor is another process: the grant is committed before it is sent, and what
 * follows from its use is written after the executor has written the result.
 */
export function carryApart(
  uow: UnitOfWork,
  execute: (input: ExecuteInput) => Promise<Executed>,
): (granted: Granted) => Promise<Executed | null> {
  return async ({ grant, ended }) => {
    const input = await uow.transaction(grant);
    if (!input) return null;
    const executed = await execute(input);
    await uow.transaction((tx) => ended(tx, async () => executed));
    return executed;
  };
}
