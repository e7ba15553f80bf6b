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
  type ToolContract,
} from '@portreeve/contract';
import { toolShapes } from './arguments.ts';
import { conclude } from './conclude.ts';
import { requestDigest } from './digest.ts';
import { cedarRequest } from './facts.ts';
import type { HistoryByTool } from './history.ts';
import { registerInternals } from './internals.ts';
import { createJudge, type Disagreement, type JudgeOptions, type Path, resultOf } from './judge.ts';
import { isOperation } from './operations.ts';
import { compileRules, type Rule, requireAllLayers } from './rules.ts';
import { policySchema } from './schema.ts';
import type { PolicyLayers } from './sources.ts';
import { failedLayer, type LayerVerdict } from './verdict.ts';

/** What a rule is, for listings. */
export type RuleSummary = Pick<
  Rule,
  'id' | 'layer' | 'effect' | 'code' | 'reason' | 'remedy' | 'notify' | 'mode' | 'workflow' | 'file' | 'line'
>;

export interface PolicyEngine extends PolicyDecider {
  readonly rules: readonly RuleSummary[];
  /** What judges now: the compiled rules, or the official engine alone, and then why. */
  readonly path: () => { readonly path: Path; readonly why: string | null };
}

export interface PolicyEngineOptions {
  readonly layers: PolicyLayers;
  readonly clock: Clock;
  /** Tools whose arguments rules may look at, as `context.args` of the action `act:TOOL`. */
  readonly tools?: readonly ToolContract[];
  /** What rules may know of earlier uses, as `context.history` of the same action. */
  readonly history?: HistoryByTool;
  /** One in this many requests gets the official engine's opinion too, besides all that an approval opens. */
  readonly secondOpinionOneIn?: number;
  /** Told when the compiled rules and the official engine disagree; the request is refused whatever it does. */
  readonly onDisagreement?: (report: Disagreement) => void;
}

const SECOND_OPINION_ONE_IN = 1000;

/**
 * Builds a decider from policy files. Throws `policy_broken` where a rule does not parse, validate or carry its
 * annotations, and `no_policy` where a layer has no rule. `decide` never throws: what it cannot judge it refuses.
 * `SPEC.md` has the algorithm.
 */
export function createPolicyEngine(options: PolicyEngineOptions): PolicyEngine {
  return buildEngine(options, {});
}

/** {@link createPolicyEngine} with another compiler, for tests. */
export function buildEngine(
  {
    layers,
    clock,
    tools = [],
    history,
    secondOpinionOneIn = SECOND_OPINION_ONE_IN,
    onDisagreement = warn,
  }: PolicyEngineOptions,
  replaced: Pick<JudgeOptions, 'compile'>,
): PolicyEngine {
  if (!Number.isSafeInteger(secondOpinionOneIn) || secondOpinionOneIn < 0)
    throw new RangeError('secondOpinionOneIn is a whole number from 0');
  const shapes = toolShapes(tools, history);
  const rules = compileRules(layers, shapes);
  requireAllLayers(rules);
  const schema = policySchema(shapes);
  const version = versionOf(rules, schema);
  const judge = createJudge({ version, rules, schema }, { secondOpinionOneIn, onDisagreement, ...replaced });

  const verdictsOf = (request: PolicyRequest, asked: readonly Layer[], digest: Digest | null) => {
    if (request.kind === 'api' && !isOperation(request.operation))
      return {
        verdicts: asked.map(
          (layer): LayerVerdict => ({ layer, effect: 'default-deny', applied: [], notify: [], errors: [] }),
        ),
        shadowed: [],
      };
    const cedar = cedarRequest(request, shapes);
    return {
      verdicts: judge.judge(request, cedar, asked, digest),
      shadowed: digest === null ? [] : judge.shadow(request, cedar),
    };
  };

  /** The roles that would open the identity layer, for a caller who lacks them. */
  const rolesFor = (request: PolicyRequest): Role[] =>
    ROLES.filter((role) => {
      const probe = { ...request, principal: { ...request.principal, roles: [role] } };
      return verdictsOf(probe, ['identity'], null).verdicts[0]?.effect === 'permit';
    });

  const decide = (raw: PolicyRequest): Decision => {
    const id = newId('decision', clock);
    let digest: Digest | undefined;
    try {
      const parsed = policyRequestSchema.safeParse(raw);
      if (!parsed.success) throw new TypeError(faultsIn(parsed.error));
      digest = requestDigest(parsed.data);
      return conclude({
        id,
        version,
        digest,
        request: parsed.data,
        ...verdictsOf(parsed.data, LAYERS, digest),
        rolesFor,
      });
    } catch (error) {
      const message = error instanceof Error ? error.message : 'it cannot be read';
      return unreadable(id, version, digest ?? digestIfReadable(raw), message);
    }
  };

  const engine = Object.freeze({
    version,
    rules: Object.freeze(
      rules.map(({ id, layer, effect, code, reason, remedy, notify, mode, workflow, file, line }) =>
        Object.freeze({ id, layer, effect, code, reason, remedy, notify, mode, workflow, file, line }),
      ),
    ),
    path: judge.path,
    decide,
  });
  registerInternals(engine, { rules, schema, shapes });
  return engine;
}

/** Nobody listens, so it is at least said. */
function warn(report: Disagreement): void {
  process.emitWarning(`The compiled policy and the official engine disagree: ${JSON.stringify(report)}`, {
    code: 'PORTREEVE_POLICY_DISAGREEMENT',
  });
}

/** Over every rule as written, its layer and its workflow, and the schema; not over file names, comments or order. */
function versionOf(rules: readonly Rule[], schema: string): Digest {
  const told = rules
    .map(({ id, layer, workflow, text }) => ({ id, layer, workflow, text }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  return digestOf({ v: 1, schema, rules: told });
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
    layers: verdicts.map(resultOf),
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
