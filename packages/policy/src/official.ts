import { statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs';
import type { Digest, Layer } from '@portreeve/contract';
import type { CedarRequest } from './facts.ts';
import type { LayerJudge } from './judge.ts';
import type { Rule } from './rules.ts';
import { type RuleSet, schemaName, setName, slotFor } from './slots.ts';
import { failedLayer, type LayerVerdict, verdictOf, withRule } from './verdict.ts';

export interface RuleBook {
  readonly version: Digest;
  readonly rules: readonly Rule[];
  readonly schema: string;
}

/** The official Cedar engine as judge of one layer. Whatever goes wrong inside becomes the effect `error`. */
export function officialJudge(book: RuleBook): LayerJudge {
  const ruleById = new Map(book.rules.map((rule) => [rule.id, rule]));
  const ruleOf = (id: string): Rule => {
    const rule = ruleById.get(id);
    if (rule === undefined) throw new Error(`Cedar names a rule that is not loaded: ${id}`);
    return rule;
  };
  // Parsed now, so that rules that cannot be loaded are found at the start and not at the first request.
  slotFor(book.version, book.rules, book.schema);

  const guarded = (layer: Layer, judge: () => LayerVerdict): LayerVerdict => {
    try {
      return judge();
    } catch (error) {
      return failedLayer(layer, [error instanceof Error ? error.message : String(error)]);
    }
  };

  const applying = (layer: Layer, cedar: CedarRequest) => {
    const slot = slotFor(book.version, book.rules, book.schema);
    const asked = ask(slot, layer, 'all', cedar);
    const rules = asked.rules.map(ruleOf);
    const permits = (): { rules: readonly Rule[]; errors: readonly string[] } => {
      if (asked.permits || rules.length === 0) return { rules, errors: [] };
      const again = ask(slot, layer, 'permits', cedar);
      return { rules: again.rules.map(ruleOf), errors: again.errors };
    };
    return { errors: asked.errors, forbids: asked.permits ? [] : rules, permits };
  };

  return {
    judge: (layer, request, cedar) =>
      guarded(layer, () => {
        const found = applying(layer, cedar);
        return found.errors.length > 0 ? failedLayer(layer, found.errors) : verdictOf(layer, request, found);
      }),
    shadow: (layer, request, cedar) => {
      const shadows = book.rules.filter((rule) => rule.layer === layer && rule.mode === 'shadow');
      if (shadows.length === 0) return [];
      const slot = slotFor(book.version, book.rules, book.schema);
      const [permits, forbids] = [ask(slot, layer, 'shadow-permits', cedar), ask(slot, layer, 'shadow-forbids', cedar)];
      const found = applying(layer, cedar);
      if (found.errors.length > 0) return [];
      return shadows.flatMap((rule) => {
        const asked = rule.effect === 'permit' ? permits : forbids;
        const failure = asked.errors.find((error) => error.startsWith(`rule ${rule.id}: `));
        if (failure !== undefined) return [{ rule, verdict: failedLayer(layer, [failure]) }];
        return asked.rules.includes(rule.id)
          ? [{ rule, verdict: guarded(layer, () => withRule(rule, request, found)) }]
          : [];
      });
    },
  };
}

/**
 * INVARIANT: any diagnostic error is an error of the layer. Cedar itself skips a `forbid` whose condition fails and may
 * then allow. `validateRequest` makes a missing or extra attribute a failure instead of an absence.
 */
function ask(
  slot: string,
  layer: Layer,
  set: RuleSet,
  { principal, action, resource, context, entities }: CedarRequest,
): { permits: boolean; rules: readonly string[]; errors: readonly string[] } {
  const answer = statefulIsAuthorized({
    principal,
    action,
    resource,
    context,
    entities,
    preparsedSchemaName: schemaName(slot),
    validateRequest: true,
    preparsedPolicySetId: setName(slot, layer, set),
  });
  if (answer.type !== 'success')
    return { permits: false, rules: [], errors: answer.errors.map((error) => error.message) };
  const { decision, diagnostics } = answer.response;
  return {
    permits: decision === 'allow',
    rules: [...diagnostics.reason].sort(),
    errors: diagnostics.errors.map(({ policyId, error }) => `rule ${policyId}: ${error.message}`),
  };
}
