import type {
  ActOutcome,
  Arguments,
  JsonObject,
  Labelled,
  PromptInputs,
  Reading,
  SourceContract,
  ToolContract,
  WorkflowContext,
} from '@portreeve/contract';
import type { z } from 'zod';
import type { Schema } from './check.ts';

declare const ARGS: unique symbol;

/** A value for an argument of this type: the value itself, a labelled one in the place of any part of it, or of all. */
export type Argument<T> =
  | Labelled<unknown>
  | (T extends readonly (infer E)[]
      ? readonly Argument<E>[]
      : T extends object
        ? { readonly [K in keyof T]: Argument<T[K]> }
        : T);

/** What `act` takes for arguments of this schema: known of a zod schema, and any of a JSON Schema. */
export type ArgumentsOf<S extends Schema> =
  S extends z.ZodType<unknown, infer I> ? { readonly [K in keyof I]: Argument<I[K]> } : Arguments;

/** A tool whose name and arguments the compiler knows. */
export type DefinedTool<N extends string, A> = ToolContract & { readonly name: N; readonly [ARGS]?: A };

/** A source whose name the compiler knows. */
export type DefinedSource<N extends string> = SourceContract & { readonly name: N };

/** Of a tool that was not defined with `defineTool` nothing is known. */
type ArgumentsFor<T, N> = T extends { readonly name: infer M }
  ? N extends M
    ? T extends { readonly [ARGS]?: infer A }
      ? unknown extends A
        ? Arguments
        : NonNullable<A>
      : Arguments
    : never
  : never;

type Asking = 'ask' | 'classify' | 'extract' | 'generate' | 'analyse' | 'agent' | 'quarantine';

/**
 * A workflow's context in which the compiler knows what the workflow declares (requirement I6): a source, a prompt or a tool
 * that stands in none of its lists does not compile, and neither do arguments that a tool does not have. What it promises
 * at run time is that of {@link WorkflowContext}.
 */
export type TypedContext<
  Input,
  Sources extends readonly SourceContract[],
  Tools extends readonly ToolContract[],
  Prompts extends readonly string[],
> = Omit<WorkflowContext<Input>, 'read' | 'act' | Asking> & {
  read(source: Sources[number]['name'], query: JsonObject): Promise<Reading>;
  act<N extends Tools[number]['name']>(
    tool: N,
    args: ArgumentsFor<Tools[number], N>,
    why: Parameters<WorkflowContext['act']>[2],
  ): Promise<ActOutcome>;
} & { [K in Asking]: <T = unknown>(prompt: Prompts[number], inputs: PromptInputs) => Promise<Labelled<T>> };
