import type { ControlState, EvidenceAnswer, EvidenceControl, Framework } from '@portreeve/contract';
import { FACTS, type FactName } from './facts/index.ts';
import { FRAMEWORK_MAPS } from './frameworks/index.ts';
import type { Look } from './look.ts';

/** Asks every fact that a framework needs, each once, and answers its controls in the framework's order. */
export async function answerFramework(framework: Framework, look: Look): Promise<EvidenceControl[]> {
  const { controls } = FRAMEWORK_MAPS[framework];
  const answers = new Map<FactName, EvidenceAnswer>();
  for (const name of new Set(controls.flatMap(({ facts }) => facts)))
    answers.set(name, { fact: name, ...(await FACTS[name](look)) });
  return controls.map(({ facts, ...control }) => {
    const own = facts.map((name) => answers.get(name)!);
    return { ...control, state: stateOf(own, control.beyond), answers: own };
  });
}

/** What speaks against comes first; all that it has must be shown, and nothing of it lie beyond, for `shown`. */
export function stateOf(answers: readonly Pick<EvidenceAnswer, 'state'>[], beyond: string | null): ControlState {
  const states = answers.map(({ state }) => state);
  if (states.includes('contrary')) return 'contrary';
  if (!states.includes('shown')) return 'gap';
  return states.includes('gap') || beyond !== null ? 'partly' : 'shown';
}
