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
  type SourceContract,
  select,
  type WorkflowContext,
  type WorkflowDefinition,
} from '@portreeve/contract';
import { TestHandles } from './handles.ts';
import { toActOutcome } from './outcome.ts';
import type { WorkflowTest, WorkflowTestResult } from './test-workflow.ts';
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
): { readonly context: WorkflowContext; readonly journal: Journal } {
  const values = new TestValues();
  const journal: Journal = { reads: [], asks: [], acts: [] };
  const handles = new TestHandles();
  const done: Done[] = [];
  /** Labels of values by which the code chose its way. */
  const seen: Label[] = [];

  function question<T>(prompt: string, inputs: Inputs, quarantined: boolean): Labelled<T> {
    if (!contract.scope.prompts.includes(prompt)) throw outOfScope('prompt', prompt);
    const { value, labels } = values.resolve(inputs);
    const label = join(REQUEST, ...labels);
    const answer = given(test.answers?.[prompt], 'answers', prompt, value);
    journal.asks.push({ prompt, inputs: value, label, quarantined });
    // A model's answer is never more trusted than what it has seen, and its words are its own.
    const origins = [...label.origins, `model:${prompt}`].sort();
    return values.make(answer as T, { ...label, origins });
  }

  const context: WorkflowContext = {
    run: asId('run', 'run_test'),
    requester: { ...REQUESTER, ...test.requester },
    input: test.input,

    async read(name, query) {
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
      const { seen, shown } = handles.hidden(test.handles?.[prompt] ?? [], inputs);
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
      seen.push(value.label);
      const found = select(values.contentOf(value) as Json, pointer)[0]?.value;
      return outcomes.find((outcome) => outcome === found) ?? null;
    },

    quarantine: async <T>(prompt: string, inputs: Inputs) => {
      const answer = question<T>(prompt, inputs, true);
      handles.add(answer);
      return answer;
    },

    async act(name, args, why) {
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
      return unwindTest(done.splice(0), (name, args) => {
        const tool = inScope('tool', name, contract.scope.tools, tools);
        fits(tool.args, args, `the arguments of ${name}`);
        const outcome = given(test.actions?.[name], 'actions', name, args);
        journal.acts.push({ tool: name, args, label: REQUEST, rationale, evidence: [], status: outcome.status });
        return outcome;
      });
    },
  };
  return { context, journal };
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
  if (found === undefined || !scope.includes(name)) throw outOfScope(kind, name);
  return found;
}

function outOfScope(kind: string, name: string): PortreeveError {
  return new PortreeveError('out_of_scope', `the workflow does not declare the ${kind} ${name}`);
}

function fits(schema: JsonObject, value: unknown, what: string): void {
  const errors = compileSchema(schema)(value);
  if (errors.length === 0) return;
  const lines = errors.map(({ path, message }) => `${path} ${message}`);
  throw new PortreeveError('bad_input', `${what}: ${lines.join('; ')}`, { errors });
}

/** What the test laid down for a name: a value, or a function of what was sent. */
function given<T>(answer: T | ((sent: JsonObject) => T) | undefined, kind: string, name: string, sent: JsonObject): T {
  if (answer === undefined) throw new Error(`the test says nothing under ${kind} for ${name}`);
  return typeof answer === 'function' ? (answer as (sent: JsonObject) => T)(sent) : answer;
}
