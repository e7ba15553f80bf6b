import { readFile } from 'node:fs/promises';
import { type PolicyRequest, PortreeveError, systemClock } from '@portreeve/contract';
import { type Explanation, explain } from '@portreeve/policy';
import { loadPolicies } from '../config/policies.ts';
import { loadProject } from '../config/project.ts';

const BYTES_MAX = 1024 * 1024;

/**
 * What the policies of a project say of a request in a JSON file, and which attribute would change it. The file holds the
 * request itself, or has it as its member `request`, as a recorded decision has. Throws `bad_request` where it is no JSON.
 */
export async function explainFile(project: string, file: string): Promise<Explanation> {
  const loaded = loadPolicies(await loadProject(project), systemClock);
  const asked = await readJson(file);
  const request = 'kind' in asked ? asked : ((asked as { request?: unknown }).request ?? asked);
  return explain(loaded, request as PolicyRequest);
}

async function readJson(file: string): Promise<object> {
  try {
    const text = await readFile(file, 'utf8');
    if (text.length > BYTES_MAX) throw new RangeError(`it is larger than ${BYTES_MAX} bytes`);
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) throw new TypeError('it holds no object');
    return value;
  } catch (error) {
    throw new PortreeveError('bad_request', `${file} holds no request: ${(error as Error).message}`, {
      next: 'Name a proposal, or a JSON file with a request as a record of a decision has it.',
      cause: error,
    });
  }
}
