import { boundAt } from './capacity.ts';
import { BadSchema, compileSchema } from './json-schema.ts';
import type { PromptContract } from './workflow.ts';

/** Anything that looks like a placeholder of a prompt's text, so that a misspelt one is an error and not text. */
export const PLACEHOLDER = /\{\{([^{}\n]{0,100})\}\}/g;

/** Which files of `prompts/` are prompts: Markdown, and modules, of which what was written goes before what was made of it. */
export function promptFiles(names: readonly string[]): string[] {
  const isModule = (name: string) => /(?<!\.d|\.test)\.[jt]s$/.test(name);
  const isMade = (name: string) => name.endsWith('.js') && names.includes(name.replace(/js$/, 'ts'));
  return names.filter((name) => name.endsWith('.md') || (isModule(name) && !isMade(name))).sort();
}

const TEXT_CHARS_MAX = 20_000;

export interface PromptFault {
  /** Where in the prompt's head. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** What a prompt's head says and cannot mean, besides what its schema refuses; `null`: nothing. */
export function promptHeadFault(contract: PromptContract): PromptFault | null {
  const names = contract.inputs.map((input) => input.name);
  const repeated = names.findIndex((name, index) => names.indexOf(name) !== index);
  if (repeated >= 0) return { path: ['inputs', repeated], message: `the input ${names[repeated]} is declared twice` };
  const strayCite = contract.cites.findIndex((pointer) => !/^(\/([^~/]|~[01])+)+$/.test(pointer));
  if (strayCite >= 0)
    return { path: ['cites', strayCite], message: 'cites: use a pointer such as /statements/*/evidence/*' };
  try {
    compileSchema(contract.output);
  } catch (error) {
    if (!(error instanceof BadSchema)) throw error;
    return { path: ['output'], message: `output is no JSON Schema 2020-12: ${error.message}` };
  }
  return stepFault(contract);
}

/** What a prompt says of its step and cannot mean. */
function stepFault({ step, agent, confidence, output }: PromptContract): PromptFault | null {
  if ((step === 'agent') !== (agent !== undefined))
    return {
      path: ['step'],
      message: 'a step is an agent where `agent` says what it may wish for, and nowhere else',
    };
  if (confidence === undefined) return null;
  const { type, minimum, maximum } = boundAt(output, confidence)?.schema ?? {};
  if (type === 'integer' && minimum === 0 && maximum === 100) return null;
  return {
    path: ['confidence'],
    message: 'point at a required member of type integer with minimum 0 and maximum 100, in closed objects',
  };
}

/** What a prompt's text cannot be, with the place in it; `null`: nothing. */
export function promptTextFault(
  { inputs }: Pick<PromptContract, 'inputs'>,
  text: string,
): { readonly at: number; readonly message: string } | null {
  if (text === '') return { at: 0, message: 'the task text is missing' };
  if (text.length > TEXT_CHARS_MAX) return { at: 0, message: `the text is longer than ${TEXT_CHARS_MAX} characters` };
  const declared = new Set(inputs.map((input) => input.name));
  for (const match of text.matchAll(PLACEHOLDER))
    if (!declared.has(match[1]!))
      return { at: match.index, message: `{{${match[1]}}} is not among the declared inputs` };
  return null;
}
