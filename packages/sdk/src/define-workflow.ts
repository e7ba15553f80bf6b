import {
  type FieldError,
  fieldErrors,
  historyProblems,
  type JsonObject,
  PortreeveError,
  recoveryFaults,
  type SourceContract,
  type ToolContract,
  type WorkflowContext,
  type WorkflowDefinition,
  workflowContractSchema,
} from '@portreeve/contract';
import { z } from 'zod';
import { check, closedObjectOf, misconfigured, type Schema } from './check.ts';
import type { TypedContext } from './typed-context.ts';

type InputOf<S extends Schema> = S extends z.ZodType ? z.output<S> : JsonObject;

export type WorkflowSpec<
  S extends Schema,
  R extends readonly SourceContract[] = readonly SourceContract[],
  T extends readonly ToolContract[] = readonly ToolContract[],
  P extends readonly string[] = readonly string[],
> = Omit<z.input<typeof workflowContractSchema>, 'scope' | 'input'> & {
  readonly input: S;
  /** With `tools` and `prompts` the whole scope: what does not stand here is refused at run time (requirement A3). */
  readonly sources: R;
  readonly tools: T;
  /** Ids of the prompts in `prompts/`: Markdown files, or modules that export what `definePrompt` gives. */
  readonly prompts: P;
  /** Must be deterministic apart from what it does through its context: no clock, no randomness, no I/O of its own. */
  run(context: TypedContext<InputOf<S>, R, T, P>): Promise<JsonObject | undefined>;
};

/**
 * Defines a workflow. A zod input schema gives the code its parsed input, defaults filled in. Throws `misconfigured`,
 * naming the field; `run` throws `bad_input` for an input that the zod schema refuses.
 */
export function defineWorkflow<
  const S extends Schema,
  const R extends readonly SourceContract[],
  const T extends readonly ToolContract[],
  const P extends readonly string[],
>(spec: WorkflowSpec<S, R, T, P>): WorkflowDefinition {
  const { input, sources, tools, prompts, run, ...head } = spec;
  const what = `workflow ${spec.name}`;
  const contract = check(
    workflowContractSchema,
    {
      ...head,
      scope: {
        sources: sources.map((each) => each.name),
        tools: tools.map((each) => each.name),
        prompts: [...prompts],
      },
      input: closedObjectOf(input, what, 'input'),
    },
    what,
  );
  const errors: FieldError[] = [];
  for (const [kind, names] of Object.entries(contract.scope)) {
    for (const [index, name] of names.entries())
      if (names.indexOf(name) !== index) errors.push({ path: `${kind}[${index}]`, message: `${name} is named twice` });
  }
  for (const { name, binding } of tools)
    if (binding.connector === 'caller')
      errors.push({ path: `tools.${name}.binding`, message: 'nobody would do it: `caller` is for agents outside' });
  for (const tool of tools)
    for (const { path, message, fix } of recoveryFaults(tool, tools))
      errors.push({ path: `tools.${tool.name}.${path}`, message: `${message}. ${fix}` });
  errors.push(...historyProblems(contract.history, tools));
  const { subject } = contract;
  const members = (contract.input.properties ?? {}) as Record<string, { readonly type?: unknown }>;
  if (subject !== undefined && !['string', 'integer'].includes(String(members[subject]?.type)))
    errors.push({ path: 'subject', message: `${subject} is no member of the input that is a string or an integer` });
  if (errors.length > 0) throw misconfigured(what, errors);
  return {
    contract,
    tools,
    sources,
    run: (context) => run((input instanceof z.ZodType ? withParsedInput(context, input) : context) as never),
  };
}

function withParsedInput<S extends Schema>(context: WorkflowContext, schema: z.ZodType): WorkflowContext<InputOf<S>> {
  const parsed = schema.safeParse(context.input);
  if (!parsed.success)
    throw new PortreeveError('bad_input', 'the input does not fit the workflow', { errors: fieldErrors(parsed.error) });
  return { ...context, input: parsed.data as InputOf<S> };
}
