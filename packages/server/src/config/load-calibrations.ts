import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CALIBRATION_ANSWERS_MIN,
  type Calibration,
  calibrate,
  declaredFault,
  fieldErrors,
  PortreeveError,
  type TestAnswer,
  testAnswerSchema,
} from '@portreeve/contract';
import { type LoadedWorkflow, stepFacts } from '@portreeve/run';

/** Where the recorded test answers of a workflow's steps lie, one file a prompt: they are part of its release. */
const FOLDER = join('tests', 'answers');
const FILE_BYTES_MAX = 4 * 1024 * 1024;

/**
 * What the confidence of each step is worth (requirement A4), reckoned from the recorded answers whenever the workflow is
 * loaded, so that table and answers cannot drift apart. Throws `misconfigured` with file and line.
 */
export async function loadCalibrations(folder: string): Promise<ReadonlyMap<string, Calibration>> {
  const names = await readdir(join(folder, FOLDER)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const tables = new Map<string, Calibration>();
  for (const name of names.filter((each) => each.endsWith('.jsonl')).sort()) {
    const file = join(FOLDER, name);
    const text = await readFile(join(folder, file), 'utf8');
    if (text.length > FILE_BYTES_MAX) throw bad(`${file} is longer than ${FILE_BYTES_MAX} characters`);
    const table = calibrate(text.split('\n').flatMap((line, index) => answerIn(line, `${file}:${index + 1}`)));
    if (!table) throw bad(`${file} holds fewer than ${CALIBRATION_ANSWERS_MIN} answers: that measures nothing`);
    tables.set(name.slice(0, -'.jsonl'.length), table);
  }
  return tables;
}

function answerIn(line: string, place: string): TestAnswer[] {
  if (line.trim() === '') return [];
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw bad(`${place} is not JSON`);
  }
  const parsed = testAnswerSchema.safeParse(value);
  if (!parsed.success)
    throw bad(`${place}: ${fieldErrors(parsed.error)[0]?.path} ${fieldErrors(parsed.error)[0]?.message}`);
  return [parsed.data];
}

/** What a workflow says of its steps and procedures must be about something that it has, and within the review rules. */
export function checkSteps(loaded: LoadedWorkflow): void {
  const { contract } = loaded.definition;
  const { scope, steps, procedures } = contract;
  const stray = (kind: string, names: readonly string[], known: readonly string[]) => {
    const found = names.find((name) => !known.includes(name));
    if (found) throw bad(`${contract.name}: ${kind} names ${found}, which it does not declare`);
  };
  stray('steps', Object.keys(steps), scope.prompts);
  stray('tests/answers', [...loaded.calibrations.keys()], scope.prompts);
  stray('procedures', Object.keys(procedures), ['default', ...scope.prompts, ...scope.sources, ...scope.tools]);
  for (const [name, { review, confidence_min_per_mille }] of Object.entries(steps)) {
    const prompt = loaded.promptsByName.get(name)!.contract;
    if (confidence_min_per_mille !== undefined && (prompt.confidence === undefined || !loaded.calibrations.has(name)))
      throw bad(
        `${contract.name}: ${name} has a least confidence, but no \`confidence\` in its prompt or no recorded answers`,
      );
    const fault = review && declaredFault(stepFacts(prompt, loaded), review);
    if (fault) throw bad(`${contract.name}: ${name} may not have the review \`${review}\`: ${fault}`);
  }
}

const bad = (what: string) => new PortreeveError('misconfigured', what);
