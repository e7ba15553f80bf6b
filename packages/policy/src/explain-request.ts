import type { Decision, LayerResult, PolicyRequest } from '@portreeve/contract';
import { variantsOf } from './attribute-variants.ts';
import type { PolicyEngine } from './engine.ts';
import { internalsOf } from './internals.ts';
import type { Rule } from './rules.ts';

/** A rule as a person reads it. */
export interface ExplainedRule {
  readonly id: string;
  readonly effect: Rule['effect'];
  readonly file: string;
  readonly line: number;
  /** As it was written. */
  readonly text: string;
}

/** One attribute that would change the outcome by itself. */
export interface OutcomeChange {
  /** As rules name it, such as `resource.tier`. */
  readonly attribute: string;
  /** The other value, as JSON. */
  readonly to: string;
  readonly outcome: Decision['outcome'];
}

export interface Explanation {
  readonly decision: Decision;
  readonly layers: readonly (Pick<LayerResult, 'layer' | 'effect' | 'errors'> & {
    readonly rules: readonly ExplainedRule[];
  })[];
  readonly changes: readonly OutcomeChange[];
}

/** How many other requests are judged for one explanation. */
const VARIANTS_MAX = 200;

/**
 * Which rules decided in which layer, and which single attribute would change the outcome. The search is bounded: only
 * attributes that the deciding rules mention (in a layer where none decided, its rules), and of each a few values.
 */
export function explain(engine: PolicyEngine, request: PolicyRequest): Explanation {
  const { rules } = internalsOf(engine);
  const ruleById = new Map(rules.map((rule) => [rule.id, rule]));
  const decision = engine.decide(request);
  const mentioned = decision.layers.flatMap(({ layer, rules: ids }) =>
    ids.length > 0
      ? ids.flatMap((id) => ruleById.get(id) ?? [])
      : rules.filter((rule) => rule.layer === layer && rule.mode === 'enforce'),
  );
  const isReadable = !decision.reasons.some(({ code }) => code === 'bad_request');
  const changes = !isReadable
    ? []
    : variantsOf(request, mentioned)
        .slice(0, VARIANTS_MAX)
        .flatMap(({ attribute, to, request: other }): OutcomeChange[] => {
          const { outcome } = engine.decide(other);
          return outcome === decision.outcome ? [] : [{ attribute, to, outcome }];
        });
  return {
    decision,
    layers: decision.layers.map(({ layer, effect, errors, rules: ids }) => ({
      layer,
      effect,
      errors,
      rules: ids.flatMap((id) => {
        const rule = ruleById.get(id);
        if (rule === undefined) return [];
        return [{ id, effect: rule.effect, file: rule.file, line: rule.line, text: rule.text }];
      }),
    })),
    changes,
  };
}
