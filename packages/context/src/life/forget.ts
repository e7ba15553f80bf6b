import type { RunId, Tx, UnitOfWork } from '@portreeve/contract';
import { withoutStoredFields } from '../labelled-values.ts';
import type { ContextStore, StoredValue } from '../ports.ts';
import { type EndedReading, parseRules, storedRules } from './rules.ts';

/** Takes out of the store what readings held whose fields end with the question that they have entered. */
export async function forgetUsed(
  store: ContextStore,
  tx: Tx,
  run: RunId,
  readings: readonly EndedReading[],
): Promise<void> {
  for (const { value: id, fields } of readings) {
    const value = await store.loadValue(id);
    if (value?.run === run) await shrink(store, tx, value, fields);
  }
}

/** Takes out of the store everything of a run that has a life, or all of it: the run has ended. */
export async function forgetRun(
  store: ContextStore,
  tx: Tx,
  run: RunId,
  which: 'what-has-a-life' | 'all',
): Promise<void> {
  if (which === 'all') return store.removeValues(tx, run);
  // In one transaction reads do not see what was shrunk: each value is taken once.
  const seen = new Set<string>();
  for (const value of await store.valuesToClear({ run })) {
    if (!seen.has(value.id))
      await shrink(
        store,
        tx,
        value,
        fieldsOf(value, () => true),
      );
    seen.add(value.id);
  }
}

/** Takes out of the store what is past its minutes, whether or not its run goes on. Gives how many values shrank. */
export async function forgetDue(store: ContextStore, uow: UnitOfWork, now: Date): Promise<number> {
  const due = now.toISOString();
  const values = await store.valuesToClear({ due });
  for (const value of values)
    await uow.transaction((tx) =>
      shrink(
        store,
        tx,
        value,
        fieldsOf(value, (when) => !when.startsWith('after-') && when <= due),
      ),
    );
  return values.length;
}

function fieldsOf(value: StoredValue, applies: (when: string) => boolean): string[] {
  return parseRules(value.clearing)
    .filter(({ when }) => applies(when))
    .flatMap(({ fields }) => fields);
}

async function shrink(store: ContextStore, tx: Tx, value: StoredValue, gone: readonly string[]): Promise<void> {
  if (gone.length === 0) return;
  const left = parseRules(value.clearing)
    .map(({ fields, when }) => ({ when, fields: fields.filter((field) => !gone.includes(field)) }))
    .filter(({ fields }) => fields.length > 0);
  await store.shrinkValue(tx, value.id, { content: withoutStoredFields(value, gone), ...storedRules(left) });
}
