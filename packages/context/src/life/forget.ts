import type { RunId, Tx, UnitOfWork, ValueId } from '@portreeve/contract';
import { withoutStoredFields } from '../labelled-values.ts';
import type { ContextStore, StoredValue } from '../ports.ts';
import { parseRules, storedRules } from './rules.ts';

/** Takes out of the store what readings held whose fields are cleared with the question that they have entered. */
export async function forgetUsed(store: ContextStore, tx: Tx, run: RunId, ids: readonly ValueId[]): Promise<void> {
  for (const id of ids) {
    const value = await store.loadValue(id);
    if (value?.run === run) await shrink(store, tx, value, (when) => when === 'after-step');
  }
}

/** Takes out of the store everything of a run that has a life: the run has ended. */
export async function forgetRun(store: ContextStore, tx: Tx, run: RunId): Promise<void> {
  // In one transaction reads do not see what was shrunk: each value is taken once.
  const seen = new Set<ValueId>();
  for (const value of await store.valuesToClear({ run })) {
    if (!seen.has(value.id)) await shrink(store, tx, value, () => true);
    seen.add(value.id);
  }
}

/** Takes out of the store what is past its minutes, whether or not its run goes on. Gives how many values shrank. */
export async function forgetDue(store: ContextStore, uow: UnitOfWork, now: Date): Promise<number> {
  const due = now.toISOString();
  const values = await store.valuesToClear({ due });
  for (const value of values)
    await uow.transaction((tx) => shrink(store, tx, value, (when) => !when.startsWith('after-') && when <= due));
  return values.length;
}

async function shrink(
  store: ContextStore,
  tx: Tx,
  value: StoredValue,
  applies: (when: string) => boolean,
): Promise<void> {
  const rules = parseRules(value.clearing);
  const gone = rules.filter(({ when }) => applies(when)).flatMap(({ fields }) => fields);
  if (gone.length === 0) return;
  const left = storedRules(rules.filter(({ when }) => !applies(when)));
  await store.shrinkValue(tx, value.id, { content: withoutStoredFields(value, gone), ...left });
}
