import {
  type Clock,
  canonicalJson,
  jsonSchema,
  Labelled,
  labelSchema,
  newId,
  PortreeveError,
  type RunId,
  type SourceContract,
  type Tx,
  type ValueId,
} from '@portreeve/contract';
import { open } from '@portreeve/contract/open';
import { asEvidence, labelEvidence, restoreEvidence, withoutStored } from './evidence.ts';
import { clearingRules, storedRules } from './life/rules.ts';
import type { ContextStore, StoredValue } from './ports.ts';

export interface SaveOptions {
  readonly run: RunId;
  readonly labelled: Labelled<unknown>;
  readonly clock: Clock;
  /** Of a reading: when its fields are to be cleared follows from its source and its time (ISO 8601). */
  readonly life?: { readonly source: SourceContract; readonly read_at: string };
}

/**
 * Stores a labelled value for a run and gives its id. This and {@link loadLabelled} are the only place that opens a
 * value in order to store it. Throws a `TypeError` for what has no faithful JSON form.
 */
export async function saveLabelled(
  store: ContextStore,
  tx: Tx,
  { run, labelled, clock, life }: SaveOptions,
): Promise<ValueId> {
  const value = open(labelled);
  const evidence = Array.isArray(value) ? asEvidence(value) : null;
  const id = newId('value', clock);
  await store.saveValue(tx, {
    id,
    run,
    kind: evidence ? 'evidence' : 'json',
    label: canonicalJson(labelled.label),
    content: evidence ? evidenceText(evidence) : canonicalJson(value),
    created_at: clock.now().toISOString(),
    ...storedRules(life ? clearingRules(life.source, new Date(life.read_at)) : []),
  });
  return id;
}

/**
 * The value stored under an id, with the label that it had. A value belongs to one run; of another run it is not found.
 * Throws `not_found`, and an ordinary error where what is stored does not verify any more.
 */
export async function loadLabelled<T = unknown>(
  store: ContextStore,
  { run, id }: { readonly run: RunId; readonly id: ValueId },
): Promise<Labelled<T>> {
  const stored = await store.loadValue(id);
  if (stored === null || stored.run !== run) throw new PortreeveError('not_found', `the run has no value ${id}`);
  const label = labelSchema.parse(JSON.parse(stored.label));
  const content: unknown = JSON.parse(stored.content);
  if (stored.kind === 'evidence') return labelEvidence(restoreEvidence(content), label) as unknown as Labelled<T>;
  return new Labelled(jsonSchema.parse(content) as T, label);
}

/** The content of stored evidence without some fields. */
export function withoutStoredFields({ content }: StoredValue, gone: readonly string[]): string {
  return evidenceText(withoutStored(JSON.parse(content), new Set(gone)));
}

/** Canonical JSON of the list; written item by item, because a long list has more values than one JSON value may. */
function evidenceText(evidence: readonly unknown[]): string {
  return `[${evidence.map((item) => canonicalJson(item)).join(',')}]`;
}
