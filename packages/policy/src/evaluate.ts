import { statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs';
import type { Layer, LayerResult, PolicyRequest, Remedy, WorkflowFacts } from '@portreeve/contract';
import type { CedarRequest } from './facts.ts';
import { printable } from './printable.ts';
import { resolveGroups, resolveRemedy } from './remedy.ts';
import type { Rule } from './rules.ts';
import { type RuleSet, SCHEMA_SLOT, setName } from './slots.ts';

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

/** A policy version, parsed, and its rules by id. */
export interface Loaded {
  readonly slot: string;
  readonly ruleById: ReadonlyMap<string, Rule>;
}

const ERRORS_MAX = 8;
const ERROR_CHARS_MAX = 400;

/** Asks one layer. Whatever goes wrong inside becomes the effect `error`. */
export function evaluateLayer(layer: Layer, request: PolicyRequest, cedar: CedarRequest, loaded: Loaded): LayerVerdict {
  try {
    return judge(layer, request, cedar, loaded);
  } catch (error) {
    return failedLayer(layer, [error instanceof Error ? error.message : String(error)]);
  }
}

export function failedLayer(layer: Layer, errors: readonly string[]): LayerVerdict {
  const shown = errors.slice(0, ERRORS_MAX).map((error) => printable(error, ERROR_CHARS_MAX));
  return { layer, effect: 'error', applied: [], notify: [], errors: shown };
}

function judge(layer: Layer, request: PolicyRequest, cedar: CedarRequest, loaded: Loaded): LayerVerdict {
  const workflow = request.kind === 'api' ? null : request.workflow;
  const answer = ask(layer, 'all', cedar, loaded);
  if (answer.errors.length > 0) return failedLayer(layer, answer.errors);
  const rules = answer.rules.map((id) => {
    const rule = loaded.ruleById.get(id);
    if (rule === undefined) throw new Error(`Cedar names a rule that is not loaded: ${id}`);
    return rule;
  });
  if (answer.permits) return permitted(layer, rules, workflow);

  const applied = rules.map((rule) => ({
    rule,
    remedy: rule.remedy && resolveRemedy(rule.remedy, request.kind, workflow),
  }));
  const denied = { layer, applied, notify: [], errors: [] };
  if (applied.length === 0) return { ...denied, effect: 'default-deny' };
  if (applied.some(({ remedy }) => remedy === null)) return { ...denied, effect: 'forbid' };
  // Every forbid can be lifted. Look at the permits alone, so that nobody is asked to approve what no rule permits.
  const permits = ask(layer, 'permits', cedar, loaded);
  if (permits.errors.length > 0) return failedLayer(layer, permits.errors);
  return { ...denied, effect: permits.permits ? 'forbid' : 'default-deny' };
}

function permitted(layer: Layer, rules: readonly Rule[], workflow: WorkflowFacts | null): LayerVerdict {
  const deaf = rules.filter((rule) => rule.notify.length > 0 && resolveGroups(rule.notify, workflow).length === 0);
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
      rules.flatMap((rule) => rule.notify),
      workflow,
    ),
    errors: [],
  };
}

/**
 * INVARIANT: any diagnostic error is an error of the layer. Cedar itself skips a `forbid` whose condition fails and may
 * then allow. `validateRequest` makes a missing or extra attribute a failure instead of an absence.
 */
function ask(
  layer: Layer,
  set: RuleSet,
  { principal, action, resource, context, entities }: CedarRequest,
  loaded: Loaded,
): { permits: boolean; rules: readonly string[]; errors: readonly string[] } {
  const answer = statefulIsAuthorized({
    principal,
    action,
    resource,
    context,
    entities,
    preparsedSchemaName: SCHEMA_SLOT,
    validateRequest: true,
    preparsedPolicySetId: setName(loaded.slot, layer, set),
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
