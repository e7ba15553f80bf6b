import { type Clock, LAYERS, type Layer, PortreeveError } from '@portreeve/contract';
import {
  createPolicyEngine,
  historyByTool,
  type PlainOutcome,
  type PolicyLayers,
  type PolicySource,
  plainOutcomes,
  together,
} from '@portreeve/policy';
import type { Release } from '../bundle.ts';
import { PROJECT_POLICIES } from '../manifest.ts';
import type { ReleaseChange } from './change.ts';

const EPOCH: Clock = { now: () => new Date(0) };

/**
 * What the rules of the later release say otherwise of the plainest use of each tool, for each role and environment: not
 * which words were changed, but what comes out. Throws `release_broken` where the rules of one do not load.
 */
export function decisionChanges(before: Release, after: Release): ReleaseChange[] {
  const was = new Map(outcomesOf(before).map((each) => [keyOf(each), each]));
  const changed = outcomesOf(after).flatMap((is) => {
    const old = was.get(keyOf(is));
    return old && old.outcome !== is.outcome ? [{ ...is, was: old.outcome }] : [];
  });
  const groups = Map.groupBy(changed, ({ tool, role, was: from, outcome }) => [tool, role, from, outcome].join('\n'));
  return [...groups.values()].map((same): ReleaseChange => {
    const { tool, role, was: from, outcome } = same[0]!;
    const places = same.length === 4 ? 'everywhere' : `in ${same.map(({ environment }) => environment).join(', ')}`;
    return {
      area: 'policies',
      text: `${tool} by ${role} ${places}: ${from} before, ${outcome} now`,
      loosens: strictness(outcome) < strictness(from),
      lines: [],
    };
  });
}

const keyOf = ({ tool, role, environment }: PlainOutcome) => `${tool}\n${role}\n${environment}`;

/** More is stricter; each further approval counts. */
function strictness(outcome: string): number {
  const [name, quorum] = outcome.split(':');
  if (name === 'permit') return 0;
  if (name === 'notify') return 1;
  if (name === 'narrow') return 2;
  if (name === 'approve') return 3 + Number(quorum ?? 1) / 100;
  return 5;
}

function outcomesOf({ id, manifest, files, baseline }: Release): PlainOutcome[] {
  const { contract, tools } = manifest;
  const own = files.filter(({ path }) => path.startsWith(PROJECT_POLICIES));
  const base = layersOf(own.length > 0 ? own : baseline);
  const tightening = layersOf(files.filter(({ path }) => path.startsWith('policies/')));
  const declared = { contract, tools };
  try {
    const engine = createPolicyEngine({
      layers: together(base, [{ workflow: contract.name, layers: tightening }]),
      ...{ clock: EPOCH, tools, history: historyByTool([declared]) },
    });
    return plainOutcomes(engine, declared);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new PortreeveError('release_broken', `The policies of ${id} do not load: ${detail}`, { cause: error });
  }
}

const POLICY_FILE = new RegExp(`(?:^|/)(${LAYERS.join('|')})(-[a-z0-9][a-z0-9_-]*)?\\.cedar$`);

function layersOf(files: Release['files']): PolicyLayers {
  const layers: Record<Layer, PolicySource[]> = { identity: [], data: [], action: [], environment: [] };
  for (const { path, bytes } of files) {
    const layer = POLICY_FILE.exec(path)?.[1] as Layer | undefined;
    if (layer) layers[layer].push({ file: path, text: Buffer.from(bytes).toString('utf8') });
  }
  return layers;
}
