import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { type Digest, systemClock } from '@portreeve/contract';
import { findLoosening, lintPolicies, type RecordedDecision, replayDecisions, together } from '@portreeve/policy';
import { decisionLineSchema } from '../check/decision-line.ts';
import { engineFor, type ProjectPolicies } from '../config/policies.ts';
import type { FromWorker, ToWorker } from './what-if.ts';

/** Runs on a thread of its own: rules that anybody wrote take seconds to be checked, and the server must go on meanwhile. */
const policies = workerData as ProjectPolicies;
const port = parentPort!;
const tell = (message: FromWorker) => port.postMessage(message);

const broken = faultsIn(policies);
if (broken.length > 0) tell({ broken });
else {
  const engine = engineFor(policies, systemClock);
  tell({ replay: await replayDecisions(decisions(engine.version), engine) });
}

/** What a start would refuse, as `portreeve policy lint` says it. */
function faultsIn({ base, declared, tightening, toolsets, tools }: ProjectPolicies) {
  const errors = (findings: ReturnType<typeof lintPolicies>) => findings.filter(({ severity }) => severity === 'error');
  const found = errors(lintPolicies(together(base, tightening), { tools, declared }));
  return found.length > 0 ? found : errors(findLoosening(base, declared, tightening, toolsets));
}

/** Asks for one batch after another, so that no more of them are on their way than are judged. */
async function* decisions(version: Digest): AsyncGenerator<RecordedDecision> {
  for (let said: FromWorker = { ready: version }; ; said = { judged: true }) {
    const arrives = once(port, 'message') as Promise<[ToWorker]>;
    tell(said);
    const [batch] = await arrives;
    if (batch === null) return;
    for (const line of batch) yield decisionLineSchema.parse(line);
  }
}
