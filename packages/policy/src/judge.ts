import { type Digest, LAYERS, type Layer, type LayerResult, type PolicyRequest } from '@portreeve/contract';
import { Unsupported } from './compile/index.ts';
import { type CompiledJudge, compiledJudge, compiledShadow, compiledVerdict } from './compiled.ts';
import type { CedarRequest } from './facts.ts';
import { officialJudge, type RuleBook } from './official.ts';
import type { Rule } from './rules.ts';
import { failedLayer, type LayerVerdict } from './verdict.ts';

/** One way of judging a layer. */
export interface LayerJudge {
  readonly judge: (layer: Layer, request: PolicyRequest, cedar: CedarRequest) => LayerVerdict;
  /** For each rule in shadow mode that applies or fails: the layer's verdict if it decided too. */
  readonly shadow: (
    layer: Layer,
    request: PolicyRequest,
    cedar: CedarRequest,
  ) => readonly { readonly rule: Rule; readonly verdict: LayerVerdict }[];
}

/** The compiled rules and the official engine said different things of one request. */
export interface Disagreement {
  readonly policy_version: Digest;
  readonly request_digest: Digest;
  readonly layers: readonly { readonly compiled: LayerResult; readonly official: LayerResult }[];
}

export interface JudgeOptions {
  /** One in this many requests, chosen by digest, gets the official engine's opinion too. 0: none by chance. */
  readonly secondOpinionOneIn: number;
  readonly onDisagreement: (report: Disagreement) => void;
  /** Stands in for the compiler in tests. */
  readonly compile?: (book: RuleBook) => CompiledJudge;
}

/** What judges: `compiled`, or `official` because the compiler does not know something or disagreed once. */
export type Path = 'compiled' | 'official';

export interface Judge {
  readonly path: () => { readonly path: Path; readonly why: string | null };
  /** The verdicts of these layers. Without a digest nothing is checked by the official engine: for probes. */
  readonly judge: (
    request: PolicyRequest,
    cedar: CedarRequest,
    layers: readonly Layer[],
    digest: Digest | null,
  ) => LayerVerdict[];
  readonly shadow: (request: PolicyRequest, cedar: CedarRequest) => { rule: Rule; verdict: LayerVerdict }[];
}

/**
 * Judges by compiled rules. The official engine is asked for the words of every error, has its say on each request that
 * an approval opens and on a sample of the rest, and judges alone where the rules cannot be compiled.
 * INVARIANT: where the two differ, the layer is in error, and the compiled rules judge no more.
 */
export function createJudge(book: RuleBook, { secondOpinionOneIn, onDisagreement, compile }: JudgeOptions): Judge {
  const official = officialJudge(book);
  let compiled: CompiledJudge | null = null;
  let why: string | null = null;
  try {
    compiled = (compile ?? compiledJudge)(book);
  } catch (error) {
    if (!(error instanceof Unsupported)) throw error;
    why = `not compiled: ${error.message}`;
  }
  const shadowLayers = LAYERS.filter((layer) =>
    book.rules.some((rule) => rule.layer === layer && rule.mode === 'shadow'),
  );

  const isSampled = (digest: Digest) =>
    secondOpinionOneIn > 0 && Number.parseInt(digest.slice('sha256:'.length, 19), 16) % secondOpinionOneIn === 0;

  const opensByApproval = (request: PolicyRequest, verdicts: readonly LayerVerdict[]) =>
    request.kind === 'act' && request.approval !== null && verdicts.every(({ effect }) => effect === 'permit');

  const disagree = (digest: Digest | null, pairs: readonly Pair[]): LayerVerdict[] => {
    compiled = null;
    why = 'the compiled rules and the official engine disagreed';
    const differing = pairs.filter((pair) => !agree(pair));
    try {
      onDisagreement({
        policy_version: book.version,
        request_digest: digest ?? book.version,
        layers: differing.map((pair) => ({ compiled: resultOf(pair.compiled), official: resultOf(pair.official) })),
      });
    } catch {
      // Whoever listens must not be able to turn a refusal into something else.
    }
    return pairs.map((pair) =>
      agree(pair)
        ? pair.official
        : failedLayer(pair.official.layer, [
            `two evaluations of the rules disagree (${describe(pair.compiled)} against ${describe(pair.official)})`,
          ]),
    );
  };

  const judge: Judge['judge'] = (request, cedar, layers, digest) => {
    if (compiled === null) return layers.map((layer) => official.judge(layer, request, cedar));
    const read = compiled.read(cedar);
    const applicable = read === null ? null : compiled.evaluate(read);
    // An error is judged by both: the official engine must find one too, and its words go on record.
    const asked: Pair[] = [];
    const verdicts = layers.map((layer) => {
      const verdict = applicable === null ? null : compiledVerdict(layer, request, applicable);
      if (verdict !== null) return verdict;
      const second = official.judge(layer, request, cedar);
      asked.push({ compiled: second.effect === 'error' ? second : failedLayer(layer, []), official: second });
      return second;
    });
    if (!asked.every(agree)) return disagree(digest, pairsOf(verdicts, asked));
    if (digest === null || !(isSampled(digest) || opensByApproval(request, verdicts))) return verdicts;
    const pairs = verdicts.map((verdict, index) => ({
      compiled: verdict,
      official: official.judge(layers[index]!, request, cedar),
    }));
    return pairs.every(agree) ? verdicts : disagree(digest, pairs);
  };

  return {
    path: () => ({ path: compiled === null ? 'official' : 'compiled', why }),
    judge,
    shadow: (request, cedar) => {
      if (shadowLayers.length === 0) return [];
      const read = compiled?.read(cedar) ?? null;
      if (compiled === null || read === null)
        return shadowLayers.flatMap((layer) => [...official.shadow(layer, request, cedar)]);
      const [deciding, shadows] = [compiled.evaluate(read), compiled.shadows(read)];
      return shadowLayers.flatMap((layer) => compiledShadow(layer, request, deciding, shadows));
    },
  };
}

interface Pair {
  readonly compiled: LayerVerdict;
  readonly official: LayerVerdict;
}

/** Every layer's pair: those that were asked, and the others as they are. */
function pairsOf(verdicts: readonly LayerVerdict[], asked: readonly Pair[]): Pair[] {
  return verdicts.map(
    (verdict) =>
      asked.find(({ official }) => official.layer === verdict.layer) ?? { compiled: verdict, official: verdict },
  );
}

function agree({ compiled, official }: Pair): boolean {
  return (
    compiled.effect === official.effect &&
    compiled.applied.length === official.applied.length &&
    compiled.applied.every(({ rule }, index) => rule.id === official.applied[index]!.rule.id) &&
    compiled.errors.join('\n') === official.errors.join('\n')
  );
}

export function resultOf({ layer, effect, applied, errors }: LayerVerdict): LayerResult {
  return { layer, effect, rules: applied.map(({ rule }) => rule.id), errors: [...errors] };
}

function describe({ effect, applied }: LayerVerdict): string {
  const ids = applied.map(({ rule }) => rule.id).slice(0, 5);
  return `${effect}${ids.length === 0 ? '' : ` by ${ids.join(', ')}`}`;
}
