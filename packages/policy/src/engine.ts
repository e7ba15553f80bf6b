import {
  type Clock,
  type Decision,
  type Digest,
  digestOf,
  fieldErrors,
  LAYERS,
  type Layer,
  newId,
  type PolicyDecider,
  type PolicyRequest,
  policyRequestSchema,
  ROLES,
  type Role,
} from '@portreeve/contract';
import { conclude } from './conclude.ts';
import { evaluateLayer, failedLayer, type LayerVerdict } from './evaluate.ts';
import { cedarRequest } from './facts.ts';
import { isOperation } from './operations.ts';
import { compileRules, type Rule, requireAllLayers } from './rules.ts';
import { POLICY_SCHEMA } from './schema.ts';
import { slotFor } from './slots.ts';
import type { PolicyLayers } from './sources.ts';

/** What a rule is, for listings. */
export type RuleSummary = Pick<
  Rule,
  'id' | 'layer' | 'effect' | 'code' | 'reason' | 'remedy' | 'notify' | 'workflow' | 'file' | 'line'
>;

export interface PolicyEngine extends PolicyDecider {
  readonly rules: readonly RuleSummary[];
}

/**
 * Builds a decider from policy files. Throws `policy_broken` where a rule does not parse, validate or carry its
 * annotations, and `no_policy` where a layer has no rule. `decide` never throws: what it cannot judge it refuses.
 * `SPEC.md` has the algorithm.
 */
export function createPolicyEngine({ layers, clock }: { layers: PolicyLayers; clock: Clock }): PolicyEngine {
  const rules = compileRules(layers);
  requireAllLayers(rules);
  const version = versionOf(rules);
  const ruleById = new Map(rules.map((rule) => [rule.id, rule]));
  // Parsed now, so that rules that cannot be loaded are found at the start and not at the first request.
  slotFor(version, rules);

  const judge = (request: PolicyRequest, asked: readonly Layer[]): LayerVerdict[] => {
    if (request.kind === 'api' && !isOperation(request.operation))
      return asked.map((layer) => ({ layer, effect: 'default-deny', applied: [], notify: [], errors: [] }));
    const cedar = cedarRequest(request);
    const loaded = { slot: slotFor(version, rules), ruleById };
    return asked.map((layer) => evaluateLayer(layer, request, cedar, loaded));
  };

  /** The roles that would open the identity layer, for a caller who lacks them. */
  const rolesFor = (request: PolicyRequest): Role[] =>
    ROLES.filter((role) => {
      const probe = { ...request, principal: { ...request.principal, roles: [role] } };
      return judge(probe, ['identity'])[0]?.effect === 'permit';
    });

  const decide = (raw: PolicyRequest): Decision => {
    const id = newId('decision', clock);
    let digest: Digest | undefined;
    try {
      const parsed = policyRequestSchema.safeParse(raw);
      if (!parsed.success) throw new TypeError(faultsIn(parsed.error));
      digest = digestOf(parsed.data);
      const verdicts = judge(parsed.data, LAYERS);
      return conclude({ id, version, digest, request: parsed.data, verdicts, rolesFor });
    } catch (error) {
      const message = error instanceof Error ? error.message : 'it cannot be read';
      return unreadable(id, version, digest ?? digestIfReadable(raw), message);
    }
  };

  return Object.freeze({
    version,
    rules: Object.freeze(
      rules.map(({ id, layer, effect, code, reason, remedy, notify, workflow, file, line }) =>
        Object.freeze({ id, layer, effect, code, reason, remedy, notify, workflow, file, line }),
      ),
    ),
    decide,
  });
}

/** Over every rule as written, its layer and its workflow, and the schema; not over file names, comments or order. */
function versionOf(rules: readonly Rule[]): Digest {
  const told = rules
    .map(({ id, layer, workflow, text }) => ({ id, layer, workflow, text }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  return digestOf({ v: 1, schema: POLICY_SCHEMA, rules: told });
}

function faultsIn(error: Parameters<typeof fieldErrors>[0]): string {
  return fieldErrors(error)
    .slice(0, 5)
    .map(({ path, message }) => `${path}: ${message}`)
    .join('; ');
}

/** The digest of a request, or of a fixed mark where it has none. */
function digestIfReadable(raw: unknown): Digest {
  try {
    return digestOf(raw);
  } catch {
    return digestOf({ unreadable: true });
  }
}

function unreadable(id: Decision['id'], version: Digest, digest: Digest, message: string): Decision {
  const verdicts = LAYERS.map((layer) => failedLayer(layer, [message]));
  return {
    id,
    outcome: 'refuse',
    layers: verdicts.map(({ layer, effect, errors }) => ({ layer, effect, rules: [], errors: [...errors] })),
    reasons: [
      {
        layer: 'identity',
        rule: 'error',
        code: 'bad_request',
        text: `The request cannot be judged, so it is refused: ${verdicts[0]!.errors[0]}`,
      },
    ],
    remedies: [],
    notify: [],
    next: 'This is a fault and not a judgement: correct the request, or tell whoever runs Portreeve.',
    policy_version: version,
    request_digest: digest,
  };
}
