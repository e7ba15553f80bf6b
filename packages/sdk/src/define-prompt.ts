import { type PromptContract, promptContractSchema, promptHeadFault, promptTextFault } from '@portreeve/contract';
import type { z } from 'zod';
import { check, jsonSchemaOf, misconfigured, type Schema } from './check.ts';

/** A prompt whose name the compiler knows. */
export interface DefinedPrompt<N extends string = string> {
  readonly contract: PromptContract & { readonly id: N };
  readonly text: string;
}

/** What the head of a prompt file says, with the schema of the answer and the text as TypeScript has them. */
export type PromptSpec = Omit<z.input<typeof promptContractSchema>, 'output'> & {
  readonly output: Schema;
  /** The task, with `{{input-name}}` where a trusted input is to stand. */
  readonly text: string;
};

/**
 * Defines a prompt, the default export of a module in `prompts/`: there it is what a prompt file is, under the same rules
 * (requirements D1, I6). Name it in the workflow by its id. Throws `misconfigured`, naming the field.
 */
export function definePrompt<const N extends string>(spec: PromptSpec & { readonly id: N }): DefinedPrompt<N> {
  const { text: written, ...head } = spec;
  const what = `prompt ${spec.id}`;
  // The dialect is said by us, and would reach the model as a word of the schema.
  const { $schema: _, ...output } = jsonSchemaOf(spec.output, what, 'output');
  const contract = check(promptContractSchema, { ...head, output }, what);
  const text = written.trim();
  const found = promptHeadFault(contract) ?? promptTextFault(contract, text);
  if (found)
    throw misconfigured(what, [{ path: 'at' in found ? 'text' : found.path.join('.'), message: found.message }]);
  return { contract: contract as DefinedPrompt<N>['contract'], text };
}
