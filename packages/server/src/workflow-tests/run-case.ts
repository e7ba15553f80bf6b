import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import {
  asId,
  isPortreeveError,
  type Json,
  type JsonObject,
  PortreeveError,
  type Principal,
} from '@portreeve/contract';
import { simulatedAnswer } from '@portreeve/model';
import type { PolicyEngine } from '@portreeve/policy';
import { TestFault, testWorkflow, type WorkflowTestResult } from '@portreeve/sdk/workflow-test';
import type { ProjectWorkflow } from '../config/project.ts';
import type { WorkflowCase } from './case-file.ts';
import { differences, shown } from './compare.ts';
import { type JudgedAct, judgingGate } from './judging.ts';

const ITEMS_BYTES_MAX = 32 * 1024 * 1024;

export interface CaseResult {
  readonly name: string;
  readonly ok: boolean;
  /** What differs from what was expected, a sentence each. */
  readonly differences: readonly string[];
}

/**
 * Runs one declared case in memory: the workflow's own code, answers that were recorded, and the policy of the project. No
 * server, no model, no clock that moves.
 */
export async function runCase(
  engine: PolicyEngine,
  workflow: ProjectWorkflow,
  test: WorkflowCase,
  file: string,
): Promise<CaseResult> {
  const found = await tried(engine, workflow, test, file).catch((error: unknown) => [
    error instanceof Error ? error.message : String(error),
  ]);
  return { name: test.name, ok: found.length === 0, differences: found };
}

async function tried(
  engine: PolicyEngine,
  workflow: ProjectWorkflow,
  test: WorkflowCase,
  file: string,
): Promise<string[]> {
  const principal: Principal = {
    ...{ id: asId('principal', 'prn_test'), kind: 'person', act: [] },
    name: test.requester?.name ?? 'tester',
    roles: test.requester?.roles ?? ['requester'],
    groups: test.requester?.groups ?? [],
  };
  const gate = judgingGate(engine, workflow, test, principal);
  const { definition, promptsByName } = workflow;
  const sources: Record<string, readonly JsonObject[]> = {};
  for (const [name, items] of Object.entries(test.sources))
    sources[name] = Array.isArray(items) ? items : await itemsOf(resolve(dirname(file), items.file));
  const { expect } = test;
  let ran: WorkflowTestResult | null = null;
  let ended: WorkflowCase['expect']['status'] = 'completed';
  let why = '';
  try {
    ran = await testWorkflow(definition, {
      ...{ input: test.input, requester: principal, sources, actions: test.actions, gate },
      prompts: [...promptsByName.values()],
      answers: Object.fromEntries(
        Object.entries(test.answers).map(([name, answer]) => [name, recorded(workflow, name, answer)]),
      ),
    });
  } catch (error) {
    if (error instanceof TestFault) throw error;
    ended = isPortreeveError(error, 'refused') ? 'refused' : 'failed';
    why = error instanceof Error ? error.message : String(error);
  }
  if (ended !== expect.status) return [`it is ${ended}${why === '' ? '' : ` (${why})`} and not ${expect.status}`];
  if (ran === null) return actDifferences(expect.acts, [], gate.judged);
  return [
    ...(expect.reads
      ? differences(
          expect.reads,
          ran.reads.map(({ source }) => source),
          'reads',
        )
      : []),
    ...(expect.asks
      ? differences(
          expect.asks,
          ran.asks.map(({ prompt }) => prompt),
          'asks',
        )
      : []),
    ...actDifferences(expect.acts, ran.acts, gate.judged),
    ...(expect.result ? differences(expect.result, ran.result, 'result') : []),
  ];
}

function actDifferences(
  expected: WorkflowCase['expect']['acts'],
  acts: WorkflowTestResult['acts'],
  judged: readonly JudgedAct[],
): string[] {
  if (expected === undefined) return [];
  const did = acts.map(({ tool }) => tool);
  const wanted = expected.map(({ tool }) => tool);
  if (did.join() !== wanted.join()) return [`the actions are ${shown(did)} and not ${shown(wanted)}`];
  return expected.flatMap(({ args, label, decision, rules, status }, index) => {
    const act = acts[index]!;
    const at = `acts/${index}`;
    const said = judged[index]?.decision;
    const deciding = [...new Set(said?.reasons.map(({ rule }) => rule))].sort();
    return [
      ...(args ? differences(args, act.args, `${at}/args`) : []),
      ...(label ? differences(label as Json, act.label, `${at}/label`) : []),
      ...(decision && said?.outcome !== decision
        ? [`${at}: policy says ${said?.outcome ?? 'nothing'} and not ${decision}: ${said?.reasons[0]?.text ?? ''}`]
        : []),
      ...(rules ? differences([...new Set(rules)].sort(), deciding, `${at}/rules`) : []),
      ...(status && act.status !== status ? [`${at} is ${act.status} and not ${status}`] : []),
    ];
  });
}

/** The answer of a prompt with evidence ids filled in. */
function recorded({ promptsByName, definition }: ProjectWorkflow, name: string, answer: Json) {
  const prompt = promptsByName.get(name);
  if (!prompt) throw new PortreeveError('bad_request', `there is no prompt ${name} in ${definition.contract.name}`);
  return (inputs: JsonObject): Json =>
    answer === SIMULATED ? simulated(prompt.contract.output, inputs) : fill(answer, inputs);
}

const SIMULATED = 'simulated';

function simulated(output: JsonObject, inputs: JsonObject): Json {
  const isEvidence = (value: unknown): value is { id: string; fields: JsonObject } =>
    typeof value === 'object' && value !== null && 'id' in value && 'fields' in value;
  const lists = Object.values(inputs).filter((value) => Array.isArray(value));
  const given = Object.entries(inputs).filter(([, value]) => !Array.isArray(value) || !value.every(isEvidence));
  return simulatedAnswer(output, { evidence: lists.flat().filter(isEvidence), given: Object.fromEntries(given) });
}

const EVIDENCE = /^\{\{([a-z][a-z0-9_-]{0,63})\.(\d{1,4})\}\}$/;

function fill(value: Json, inputs: JsonObject): Json {
  if (typeof value === 'string') {
    const [, input = '', number = ''] = EVIDENCE.exec(value) ?? [];
    if (input === '') return value;
    const list = Object.hasOwn(inputs, input) ? inputs[input] : undefined;
    const id = Array.isArray(list) ? (list[Number(number) - 1] as { id?: unknown } | undefined)?.id : undefined;
    if (typeof id !== 'string') throw new TypeError(`${value}: the input ${input} has no such piece of evidence`);
    return id;
  }
  if (Array.isArray(value)) return value.map((each) => fill(each, inputs));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fill(each as Json, inputs)]));
}

/** Items of a file of JSON Lines. */
async function itemsOf(file: string): Promise<JsonObject[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new TypeError(`${file} cannot be read: ${error.code ?? error.message}`);
  });
  if (text.length > ITEMS_BYTES_MAX) throw new RangeError(`${file} is larger than ${ITEMS_BYTES_MAX} bytes`);
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as JsonObject);
}
