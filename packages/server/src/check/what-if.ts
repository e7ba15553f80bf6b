import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { PortreeveError, systemClock } from '@portreeve/contract';
import {
  createPolicyEngine,
  type PolicyEngine,
  type RecordedDecision,
  type Replay,
  readPolicyFolder,
  replayDecisions,
} from '@portreeve/policy';
import { z } from 'zod';
import { engineFor, loadPolicies, projectPolicies } from '../config/policies.ts';
import { loadProject } from '../config/project.ts';
import { decisionLineSchema } from './decision-line.ts';

const isProject = (folder: string) => existsSync(join(folder, 'portreeve.config.ts'));

/**
 * The engine of a candidate: a project, or a folder of policy files in the place of a project's own (with that project's
 * tools and the rules of its workflows, where there is one). Throws as a start would: what could not start is not judged.
 */
async function candidateEngine(candidate: string, project: string): Promise<PolicyEngine> {
  if (isProject(candidate)) return loadPolicies(await loadProject(candidate), systemClock);
  const base = readPolicyFolder(candidate);
  if (!isProject(project)) return createPolicyEngine({ layers: base, clock: systemClock });
  return engineFor({ ...projectPolicies(await loadProject(project)), base }, systemClock);
}

const lineSchema = z.union([z.strictObject({ end: z.literal(true) }), decisionLineSchema]);

/**
 * Judges the decisions of a server's stream (`GET /v1/policy/decisions`) anew. Throws `unavailable` where the stream ends
 * before its last line: a part that was judged would look like the whole.
 */
export async function replayAgainst(
  folders: { readonly candidate: string; readonly project: string },
  lines: () => Promise<AsyncIterable<unknown>>,
  onProgress?: (done: { readonly total: number; readonly changed: number }) => void,
): Promise<Replay> {
  const engine = await candidateEngine(resolve(folders.candidate), resolve(folders.project));
  return replayDecisions(decisionsOf(await lines()), engine, onProgress);
}

async function* decisionsOf(lines: AsyncIterable<unknown>): AsyncGenerator<RecordedDecision> {
  for await (const line of lines) {
    const parsed = lineSchema.safeParse(line);
    if (!parsed.success) throw new PortreeveError('unavailable', 'The server’s answer is not a list of decisions.');
    if ('end' in parsed.data) return;
    yield parsed.data;
  }
  throw new PortreeveError('unavailable', 'The list of decisions broke off before its end.', {
    next: 'Nothing was judged for certain: ask again.',
  });
}
