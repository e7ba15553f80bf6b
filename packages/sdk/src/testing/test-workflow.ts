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
import type { TestOutcome } from './outcome.ts';
import { testContext } from './test-context.ts';

export interface WorkflowTest {
  readonly input: JsonObject;
  readonly requester?: Partial<Principal>;
  /** Items by source, undeclared fields included: they are dropped as a reader would. */
  readonly sources?: {
    readonly [name: string]: readonly JsonObject[] | ((query: JsonObject) => readonly JsonObject[]);
  };
  /** Answers by prompt; a function gets the inputs, evidence included, so that it can cite. */
  readonly answers?: { readonly [prompt: string]: Json | ((inputs: JsonObject) => Json) };
  /** By prompt, the inputs that its file declares with `handle: true`: the answer's function gets their handles. */
  readonly handles?: { readonly [prompt: string]: readonly string[] };
  readonly actions?: { readonly [tool: string]: TestOutcome | ((args: JsonObject) => TestOutcome) };
  readonly gate?: TestGate;
}

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
  readonly reads: readonly { readonly source: string; readonly query: JsonObject; readonly count: number }[];
  readonly asks: readonly {
    readonly prompt: string;
    readonly inputs: JsonObject;
    readonly label: Label;
    readonly quarantined: boolean;
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
 * Errors are those of the real context: `bad_input`, `out_of_scope`, and what the workflow's code throws.
 */
export async function testWorkflow(definition: WorkflowDefinition, test: WorkflowTest): Promise<WorkflowTestResult> {
  const errors = compileSchema(definition.contract.input)(test.input);
  if (errors.length > 0) throw new PortreeveError('bad_input', 'the input does not fit the workflow', { errors });
  const { context, journal } = testContext(definition, test);
  const result = await definition.run(context);
  return { result, ...journal };
}
