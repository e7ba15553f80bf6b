import type { Layer, PolicyRequest } from '@portreeve/contract';
import { type CompiledRequest, compileSchema, RequestFault } from './compile/index.ts';
import type { CedarRequest } from './facts.ts';
import type { RuleBook } from './official.ts';
import type { Rule } from './rules.ts';
import { type Applying, failedLayer, type LayerVerdict, verdictOf, withRule } from './verdict.ts';

/** Which rules of each layer apply to one request. */
export type Applicable = Readonly<Record<Layer, RuleSetAnswer>>;

interface RuleSetAnswer {
  readonly permits: readonly Rule[];
  readonly forbids: readonly Rule[];
  readonly failed: readonly Rule[];
}

/** What compiled rules say of a request. Where they meet an error, its words are the official engine's to find. */
export interface CompiledJudge {
  /** `null`: the request does not fit the schema. */
  readonly read: (cedar: CedarRequest) => CompiledRequest | null;
  readonly evaluate: (compiled: CompiledRequest) => Applicable;
  /** The same of the rules in shadow mode. */
  readonly shadows: (compiled: CompiledRequest) => Applicable;
}

/** Compiles a rule book. Throws `Unsupported` for what the compiler does not know. */
export function compiledJudge({ rules, schema }: RuleBook): CompiledJudge {
  const { read, compile } = compileSchema(schema);
  // One set for all layers: what a request is looked up by, it is looked up by once.
  const byMode = (mode: Rule['mode']) => compile(rules.filter((rule) => rule.mode === mode));
  const deciding = byMode('enforce');
  const shadows = byMode('shadow');
  return {
    read: (cedar) => {
      try {
        return read(cedar);
      } catch (fault) {
        if (fault instanceof RequestFault) return null;
        throw fault;
      }
    },
    evaluate: (request) => byLayer(deciding(request)),
    shadows: (request) => byLayer(shadows(request)),
  };
}

function byLayer(answer: RuleSetAnswer): Applicable {
  const layers = {
    identity: { permits: [] as Rule[], forbids: [] as Rule[], failed: [] as Rule[] },
    data: { permits: [] as Rule[], forbids: [] as Rule[], failed: [] as Rule[] },
    action: { permits: [] as Rule[], forbids: [] as Rule[], failed: [] as Rule[] },
    environment: { permits: [] as Rule[], forbids: [] as Rule[], failed: [] as Rule[] },
  } satisfies Record<Layer, unknown>;
  for (const rule of answer.permits) layers[rule.layer].permits.push(rule);
  for (const rule of answer.forbids) layers[rule.layer].forbids.push(rule);
  for (const rule of answer.failed) layers[rule.layer].failed.push(rule);
  return layers;
}

/** A layer's verdict; `null` where one of its rules failed. */
export function compiledVerdict(layer: Layer, request: PolicyRequest, applicable: Applicable): LayerVerdict | null {
  const { permits, forbids, failed } = applicable[layer];
  if (failed.length > 0) return null;
  return verdictOf(layer, request, { forbids, permits: () => ({ rules: permits, errors: [] }) });
}

/** For each rule in shadow mode that applies or fails: the layer's verdict if it decided too. */
export function compiledShadow(
  layer: Layer,
  request: PolicyRequest,
  deciding: Applicable,
  shadows: Applicable,
): { rule: Rule; verdict: LayerVerdict }[] {
  const { permits, forbids, failed } = deciding[layer];
  if (failed.length > 0) return [];
  const found: Applying = { forbids, permits: () => ({ rules: permits, errors: [] }) };
  const shadow = shadows[layer];
  return [
    ...[...shadow.permits, ...shadow.forbids].map((rule) => ({ rule, verdict: withRule(rule, request, found) })),
    ...shadow.failed.map((rule) => ({ rule, verdict: failedLayer(layer, [`rule ${rule.id} fails`]) })),
  ];
}
