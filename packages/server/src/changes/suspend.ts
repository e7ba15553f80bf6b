import type { WorkflowContract } from '@portreeve/contract';
import type { EnvironmentService } from '@portreeve/gate';
import type { ChangeStore, StoredChange } from '@portreeve/govern';

/**
 * Freezes the workflows that say so while a model answers by a version that nobody has agreed to (requirement H2). A thaw
 * before the change is approved holds until the next look.
 */
export async function suspendUnreviewed(deps: {
  readonly changes: Pick<ChangeStore, 'unreviewed'>;
  readonly contracts: () => readonly WorkflowContract[];
  readonly environment: Pick<EnvironmentService, 'suspend' | 'current'>;
}): Promise<void> {
  const suspending = deps.contracts().filter(({ unreviewed_model }) => unreviewed_model === 'suspend');
  if (suspending.length === 0) return;
  const models = (await deps.changes.unreviewed()).filter(({ kind }) => kind === 'model');
  for (const { name } of suspending) {
    const change = models.find(({ workflows }) => workflows.includes(name));
    const frozen = deps.environment.current().some(({ subject }) => subject === `freeze:workflow:${name}`);
    if (change && !frozen) await deps.environment.suspend(`workflow:${name}`, reasonOf(name, change));
  }
}

const reasonOf = (workflow: string, { change, subject }: StoredChange): string =>
  `Suspended as its contract says: ${subject} answers by a version that nobody has agreed to. Run its tests and red team ` +
  `again, have it approved (portreeve changes approve ${change}), then let it run (portreeve thaw workflow:${workflow}).`;
