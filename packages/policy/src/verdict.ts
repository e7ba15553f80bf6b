import type { Layer, LayerResult, PolicyRequest, Remedy, WorkflowFacts } from '@portreeve/contract';
import { printable } from './printable.ts';
import { resolveGroups, resolveRemedy } from './remedy.ts';
import type { Rule } from './rules.ts';

/** What one layer says of one request. */
export interface LayerVerdict {
  readonly layer: Layer;
  readonly effect: LayerResult['effect'];
  /** The rules that applied: the permits where it permits, otherwise the forbids. */
  readonly applied: readonly { readonly rule: Rule; readonly remedy: Remedy | null }[];
  /** Groups to tell, where it permits. */
  readonly notify: readonly string[];
  readonly errors: readonly string[];
}

/** Which rules of one layer apply to a request, each list sorted by id. */
export interface Applying {
  readonly forbids: readonly Rule[];
  /** Looked up only where it matters, because it may cost a second evaluation. */
  readonly permits: () => { readonly rules: readonly Rule[]; readonly errors: readonly string[] };
}

const ERRORS_MAX = 8;
const ERROR_CHARS_MAX = 400;

export function failedLayer(layer: Layer, errors: readonly string[]): LayerVerdict {
  const shown = errors.slice(0, ERRORS_MAX).map((error) => printable(error, ERROR_CHARS_MAX));
  return { layer, effect: 'error', applied: [], notify: [], errors: shown };
}

/** Cedar's rule (a forbid wins, no permit is a denial) and ours about remedies (SPEC.md, deciding 4). */
export function verdictOf(layer: Layer, request: PolicyRequest, { forbids, permits }: Applying): LayerVerdict {
  const workflow = request.kind === 'api' ? null : request.workflow;
  const denied = { layer, notify: [], errors: [] };
  if (forbids.length === 0) {
    const { rules, errors } = permits();
    if (errors.length > 0) return failedLayer(layer, errors);
    return rules.length === 0 ? { ...denied, effect: 'default-deny', applied: [] } : permitted(layer, rules, workflow);
  }
  const applied = forbids.map((rule) => ({
    rule,
    remedy: rule.remedy && resolveRemedy(rule.remedy, request.kind, workflow, request.principal),
  }));
  if (applied.some(({ remedy }) => remedy === null)) return { ...denied, applied, effect: 'forbid' };
  // Every forbid can be lifted. Look at the permits alone, so that nobody is asked to approve what no rule permits.
  const { rules, errors } = permits();
  if (errors.length > 0) return failedLayer(layer, errors);
  return { ...denied, applied, effect: rules.length > 0 ? 'forbid' : 'default-deny' };
}

/** The layer's verdict if this rule decided too. */
export function withRule(rule: Rule, request: PolicyRequest, found: Applying): LayerVerdict {
  const insert = (rules: readonly Rule[]) => [...rules, rule].sort((a, b) => (a.id < b.id ? -1 : 1));
  if (rule.effect === 'forbid') return verdictOf(rule.layer, request, { ...found, forbids: insert(found.forbids) });
  return verdictOf(rule.layer, request, {
    forbids: found.forbids,
    permits: () => {
      const { rules, errors } = found.permits();
      return { rules: insert(rules), errors };
    },
  });
}

function permitted(layer: Layer, rules: readonly Rule[], workflow: WorkflowFacts | null): LayerVerdict {
  const telling = rules.filter((rule) => rule.notify.length > 0);
  const deaf = telling.filter((rule) => resolveGroups(rule.notify, workflow).length === 0);
  if (deaf.length > 0)
    return failedLayer(
      layer,
      deaf.map((rule) => `rule ${rule.id}: there is nobody to notify`),
    );
  return {
    layer,
    effect: 'permit',
    applied: rules.map((rule) => ({ rule, remedy: null })),
    notify: resolveGroups(
      telling.flatMap((rule) => rule.notify),
      workflow,
    ),
    errors: [],
  };
}
