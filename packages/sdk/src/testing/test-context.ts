import {
  asId,
  compileSchema,
  digestOf,
  type Evidence,
  type Json,
  type JsonObject,
  join,
  type Label,
  type Labelled,
  PortreeveError,
  type Principal,
  type PromptContract,
  type SourceContract,
  select,
  type WorkflowContext,
  type WorkflowDefinition,
} from '@portreeve/contract';
import { answerFaults, BadAnswer } from './answers.ts';
import { TestHandles } from './handles.ts';
import { toActOutcome } from './outcome.ts';
import type { TestAnswer, WorkflowTest, WorkflowTestResult } from './test-workflow.ts';
import { type Done, unwindTest } from './unwind-test.ts';
import { TestValues } from './values.ts';

const REQUEST: Label = { integrity: 'trusted', confidentiality: 'public', categories: [], origins: ['request'] };

type Inputs = { readonly [name: string]: Json | Labelled<unknown> };
type Journal = { [K in 'reads' | 'asks' | 'acts']: WorkflowTestResult[K][number][] };

/**
 * The context of a workflow test: it keeps to the declared scope and schemas as the real one does, drops undeclared
 * fields, labels and joins labels, and writes down each call.
 */
export function testContext(
  { contract, sources, tools }: WorkflowDefinition,
  test: WorkflowTest,
  prompts?: ReadonlyMap<string, PromptContract>,
): { readonly context: WorkflowContext; readonly journal: Journal; ending(): Ending } {
  const values = new TestValues();
  const journal: Journal = { reads: [], asks: [], acts: [] };
  const handles = new TestHandles();
  const done: Done[] = [];
  /** Labels of values by which the code chose its way. */
  const seen: Label[] = [];
  let ended: { readonly error: Error; readonly ending: Ending } | null = null;

  /** Ends the run. As in a real one, no later step does anything, whatever the code makes of the error. */
  function end(ending: Partial<Ending>, error: Error): never {
    ended = { error, ending: { broken: null, handed_off: null, ...ending } };
    throw error;
  }
  const breaks = (why: string, cause?: unknown): never => {
    const error = new TestFault(why, { cause });
    return end({ broken: error }, error);
  };
  const step = (): void => {
    if (ended) throw ended.error;
  };

  /** What the test laid down for a name: a value, or a function of what was sent. */
  function given<T>(
    answer: T | ((sent: JsonObject) => T) | undefined,
    kind: string,
    name: string,
    sent: JsonObject,
  ): T {
    if (answer === undefined) return breaks(`the test says nothing under ${kind} for ${name}`);
    if (typeof answer !== 'function') return answer;
    try {
      return (answer as (sent: JsonObject) => T)(sent);
    } catch (error) {
      return breaks(error instanceof Error ? error.message : String(error), error);
    }
  }

  function promptOf(name: string): PromptContract {
    if (prompts === undefined)
      return breaks(
        "the test does not say where the prompts are: give it `prompts: new URL('../prompts/', import.meta.url)`",
      );
    return prompts.get(name) ?? breaks(`the prompts of the test have no ${name}`);
  }

  /** The answer that the code gets, and how many were refused before it; with none that fits, the run ends. */
  function answered(
    prompt: PromptContract,
    said: TestAnswer,
    inputs: JsonObject,
    ask: (refused: number) => void,
  ): Json {
    const faultsIn = (answer: Json) => answerFaults(prompt, answer, inputs);
    if (!(said instanceof BadAnswer)) {
      const [fault] = faultsIn(said);
      if (fault !== undefined)
        breaks(
          `the answer of ${prompt.id} does not fit its prompt: ${fault}. In a test file \`refusedAnswer\` and \`repairedAnswer\` say that this is meant`,
        );
      ask(0);
      return said;
    }
    const { answer, repaired } = said;
    const errors = faultsIn(answer);
    if (errors.length === 0) breaks(`the answer of ${prompt.id} fits its prompt, so that nobody refuses it`);
    if (repaired === undefined) {
      ask(2);
      return end({ handed_off: { prompt: prompt.id, errors } }, new Error(`no answer of ${prompt.id} was taken`));
    }
    const [fault] = faultsIn(repaired);
    if (fault !== undefined) breaks(`the repaired answer of ${prompt.id} does not fit its prompt: ${fault}`);
    ask(1);
    return repaired;
  }

  function question<T>(prompt: string, inputs: Inputs, quarantined: boolean): Labelled<T> {
    const { value, labels } = values.resolve(inputs);
    const label = join(REQUEST, ...labels);
    const said = given<TestAnswer>(test.answers?.[prompt], 'answers', prompt, value);
    const answer = answered(promptOf(prompt), said, value, (refused) => {
      journal.asks.push({ prompt, inputs: value, label, quarantined, refused });
    });
    // A model's answer is never more trusted than what it has seen, and its words are its own.
    const origins = [...label.origins, `model:${prompt}`].sort();
    return values.make(answer as T, { ...label, origins });
  }

  const context: WorkflowContext = {
    run: asId('run', 'run_test'),
    requester: { ...REQUESTER, ...test.requester },
    input: test.input,

    async read(name, query) {
      step();
      const source = inScope('source', name, contract.scope.sources, sources);
      fits(source.query, query, `the query of source ${name}`);
      test.gate?.read(source);
      const items = given(test.sources?.[name], 'sources', name, query);
      const evidence = items.map((item, index) => toEvidence(source, index + 1, item));
      journal.reads.push({ source: name, query, count: evidence.length });
      const { integrity, confidentiality, categories } = source;
      const label: Label = { integrity, confidentiality, categories, origins: [name] };
      return { evidence: values.make(evidence, label), available: items.length, count: evidence.length };
    },

    ask: async <T>(prompt: string, inputs: Inputs) => {
      step();
      inScopeOf('prompt', prompt, contract.scope.prompts);
      const declared = promptOf(prompt).inputs.flatMap(({ name, handle }) => (handle === true ? [name] : []));
      const { seen, shown } = handles.hidden(declared, inputs);
      const answer = question<T>(prompt, seen, false);
      if (shown.length > 0) handles.planned.push({ answer, handles: shown });
      return answer;
    },

    classify: (prompt, inputs) => context.ask(prompt, inputs),
    extract: (prompt, inputs) => context.ask(prompt, inputs),
    generate: (prompt, inputs) => context.ask(prompt, inputs),
    analyse: (prompt, inputs) => context.ask(prompt, inputs),
    agent: (prompt, inputs) => context.ask(prompt, inputs),

    async outcome(value, pointer, outcomes) {
      step();
      seen.push(value.label);
      const found = select(values.contentOf(value) as Json, pointer)[0]?.value;
      return outcomes.find((outcome) => outcome === found) ?? null;
    },

    quarantine: async <T>(prompt: string, inputs: Inputs) => {
      step();
      inScopeOf('prompt', prompt, contract.scope.prompts);
      const answer = question<T>(prompt, inputs, true);
      handles.add(answer);
      return answer;
    },

    async act(name, args, why) {
      step();
      const tool = inScope('tool', name, contract.scope.tools, tools);
      const { value, labels } = values.resolve(args, (text, from) => handles.named(text, from));
      fits(tool.args, value, `the arguments of ${name}`);
      const influence = join(...labels, ...seen, ...(why.evidence ? [why.evidence.label] : []));
      const evidence = why.evidence ? (values.contentOf(why.evidence) as readonly Evidence[]) : [];
      const wish = { tool, args, rationale: why.rationale, evidence: why.evidence ?? null, seen: [...seen] };
      const stopped = test.gate?.act({ ...wish, quarantine: handles.read() });
      const outcome = stopped ?? given(test.actions?.[name], 'actions', name, value);
      journal.acts.push({
        tool: name,
        args: value,
        label: influence,
        rationale: why.rationale,
        evidence: evidence.map((item) => item.id),
        status: outcome.status,
      });
      if (outcome.status === 'succeeded' && tool.effect !== 'read')
        done.push({ tool, args: value, result: outcome.result ?? {}, number: journal.acts.length });
      return toActOutcome(outcome, tool, values, influence, journal.acts.length);
    },

    async unwind({ rationale }) {
      step();
      return unwindTest(done.splice(0), (name, args) => {
        const tool = inScope('tool', name, contract.scope.tools, tools);
        fits(tool.args, args, `the arguments of ${name}`);
        const outcome = given(test.actions?.[name], 'actions', name, args);
        journal.acts.push({ tool: name, args, label: REQUEST, rationale, evidence: [], status: outcome.status });
        return outcome;
      });
    },
  };
  return { context, journal, ending: () => ended?.ending ?? { broken: null, handed_off: null } };
}

/** The test itself lacks something, or lays down what cannot be. */
export class TestFault extends Error {
  override readonly name = 'TestFault';
}

/** How a run ended before its code did: by what the test lacks, or with a question that a person has now. */
interface Ending {
  readonly broken: Error | null;
  readonly handed_off: WorkflowTestResult['handed_off'];
}

const REQUESTER: Principal = {
  id: asId('principal', 'prn_test'),
  kind: 'person',
  name: 'tester',
  roles: ['requester'],
  groups: [],
  act: [],
};

function toEvidence(source: SourceContract, position: number, item: JsonObject): Evidence {
  const fields: JsonObject = Object.fromEntries(
    source.fields.filter(({ name }) => Object.hasOwn(item, name)).map(({ name }) => [name, item[name]!]),
  );
  const digest = digestOf({ source: source.name, position, fields });
  const id = asId('evidence', `ev_${String(position).padStart(4, '0')}-${digest.slice('sha256:'.length, 15)}`);
  return { id, source: source.name, position, fields };
}

function inScope<T extends { readonly name: string }>(
  kind: string,
  name: string,
  scope: readonly string[],
  contracts: readonly T[],
): T {
  const found = contracts.find((each) => each.name === name);
  inScopeOf(kind, name, found === undefined ? [] : scope);
  return found!;
}

function inScopeOf(kind: string, name: string, scope: readonly string[]): void {
  if (!scope.includes(name))
    throw new PortreeveError('out_of_scope', `the workflow does not declare the ${kind} ${name}`);
}

function fits(schema: JsonObject, value: unknown, what: string): void {
  const errors = compileSchema(schema)(value);
  if (errors.length === 0) return;
  const lines = errors.map(({ path, message }) => `${path} ${message}`);
  throw new PortreeveError('bad_input', `${what}: ${lines.join('; ')}`, { errors });
}
