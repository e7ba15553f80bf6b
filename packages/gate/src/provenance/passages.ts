import type { Evidence, JsonObject, Provenance } from '@portreeve/contract';
import { type Budget, findTouched } from './literal.ts';
import type { Source } from './material.ts';
import { valueAt } from './value-at.ts';

const SEARCH_CHARS_MAX = 20_000_000;
const LEAVES_MAX = 200;

/** Says of what a workflow's model wrote, and of what came from documents, where in the evidence it stands. */
export function withPassages(
  provenance: readonly Provenance[],
  args: JsonObject,
  evidence: readonly Evidence[],
): Provenance[] {
  const sources = evidence.map(
    (item): Source => ({ origin: item.id, trust: 'untrusted', value: item.fields, structured: false }),
  );
  const budget: Budget = { chars: SEARCH_CHARS_MAX };
  return provenance.map((leaf, index) => {
    const value = valueAt(args, leaf.path);
    const isFromThere = leaf.kind === 'model' || leaf.kind === 'untrusted-document';
    if (!isFromThere || typeof value !== 'string' || index >= LEAVES_MAX) return leaf;
    const spans = findTouched(value, sources, budget);
    return spans.length > 0 ? { ...leaf, spans } : leaf;
  });
}
