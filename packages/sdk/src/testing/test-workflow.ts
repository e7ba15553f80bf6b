import {
  type Arguments,
  compileSchema,
  type Evidence,
  type EvidenceId,
  type Json,
  type JsonObject,
  type Label,
  type Labelled,
  PortreeveError,
  type Principal,
  type Quarantine,
  type SourceContract,
  type ToolContract,
  type WorkflowDefinition,
} from '@portreeve/contract';
import type { BadAnswer } from './answers.ts';
import { promptsOf, type TestPrompts } from './load-prompts.ts';
import type { TestOutcome } from './outcome.ts';
import { testContext } from './test-context.ts';

export interface WorkflowTest {
  readonly input: JsonObject;
  readonly requester?: Partial<Principal>;
  /** Items by source, undeclared fields included: they are dropped as a reader would. */
  readonly sources?: {
    readonly [name: string]: readonly JsonObject[] | ((query: JsonObject) => readonly JsonObject[]);
  };
  /**
   * The workflow's prompts, without which no question is answered: their folder, as `new URL('../prompts/', import.meta.url)`,
   * or what `definePrompt` made.
   */
  readonly prompts?: TestPrompts;
  /**
   * Answers by prompt; a function gets the inputs, evidence included, so that it can cite. An answer that a run would not
   * take fails the test, unless `refusedAnswer` or `repairedAnswer` says that it is meant.
   */
  readonly answers?: { readonly [prompt: string]: TestAnswer | ((inputs: JsonObject) => TestAnswer) };
  readonly actions?: { readonly [tool: string]: TestOutcome | ((args: JsonObject) => TestOutcome) };
  readonly gate?: TestGate;
}

export type TestAnswer = Json | BadAnswer;

/** A wish before it is carried out, labels and all. */
export interface TestWish {
  readonly tool: ToolContract;
  readonly args: Arguments;
  readonly rationale: string;
  readonly evidence: Labelled<readonly Evidence[]> | null;
  /** Labels of values by which the code chose its way. */
  readonly seen: readonly Label[];
  readonly quarantine: Quarantine;
}

/** What stands in for policy and people, where a test has it: `portreeve test` asks the real policy. */
export interface TestGate {
  /** Throws where the source may not be read. */
  read(source: SourceContract): void;
  /** How the wish ended without being carried out; undefined: it goes on, and the tool of the test answers. */
  act(wish: TestWish): TestOutcome | undefined;
}

export interface WorkflowTestResult {
  readonly result: JsonObject | undefined;
  /** The question whose answer was refused for good, and why: the run ended there, and a person has it. */
  readonly handed_off: { readonly prompt: string; readonly errors: readonly string[] } | null;
  readonly reads: readonly { readonly source: string; readonly query: JsonObject; readonly count: number }[];
  readonly asks: readonly {
    readonly prompt: string;
    readonly inputs: JsonObject;
    readonly label: Label;
    readonly quarantined: boolean;
    /** Answers that did not fit. */
    readonly refused: number;
  }[];
  readonly acts: readonly {
    readonly tool: string;
    readonly args: JsonObject;
    /** The join of the labels in the arguments and of the evidence. */
    readonly label: Label;
    readonly rationale: string;
    readonly evidence: readonly EvidenceId[];
    readonly status: TestOutcome['status'];
  }[];
}

/**
 * Runs a workflow's code in memory with fake sources, model and actions (requirement I6): milliseconds, no server, no
 * policy. It says what the code does; what policy makes of it is tested against a running Portreeve.
 * Errors are those of the real context: `bad_input`, `out_of_scope`, and what the workflow's code throws. What the test
 * itself lacks or lays down wrongly fails it, whatever the code makes of that.
 */
export async function testWorkflow(definition: WorkflowDefinition, test: WorkflowTest): Promise<WorkflowTestResult> {
  const errors = compileSchema(definition.contract.input)(test.input);
  if (errors.length > 0) throw new PortreeveError('bad_input', 'the input does not fit the workflow', { errors });
  const { context, journal, ending } = testContext(definition, test, test.prompts && (await promptsOf(test.prompts)));
  const ran = await definition.run(context).then(
    (result) => ({ result }),
    (error: unknown) => ({ error }),
  );
  const { broken, handed_off } = ending();
  if (broken) throw broken;
  if (handed_off) return { result: undefined, handed_off, ...journal };
  if ('error' in ran) throw ran.error;
  return { result: ran.result, handed_off: null, ...journal };
}
