import { compileSchema, type Json, type JsonObject, type PromptContract, select } from '@portreeve/contract';

/** An answer of a model that Portreeve does not take, laid down on purpose. */
export class BadAnswer {
  readonly answer: Json;
  /** What the model says when it is told what was wrong; undefined: the same again. */
  readonly repaired: Json | undefined;

  constructor(answer: Json, repaired?: Json) {
    this.answer = answer;
    this.repaired = repaired;
  }
}

/** An answer that does not fit its prompt, and is not mended: the run ends there, and a person has the question. */
export const refusedAnswer = (answer: Json): BadAnswer => new BadAnswer(answer);

/** An answer that does not fit its prompt, and the one by which the model mends it when it is asked once more. */
export const repairedAnswer = (answer: Json, repaired: Json): BadAnswer => new BadAnswer(answer, repaired);

/** Why Portreeve would not take an answer; empty where it would. What it must mean besides (`checks`) is for a run to say. */
export function answerFaults({ output, cites }: PromptContract, answer: Json, inputs: JsonObject): string[] {
  const errors = compileSchema(output)(answer).map(({ path, message }) => `${path} ${message}`);
  if (errors.length > 0) return errors;
  const shown = idsIn(inputs);
  return cites
    .flatMap((pointer) => select(answer, pointer))
    .filter(({ value }) => typeof value !== 'string' || !shown.has(value))
    .map(({ pointer }) => `${pointer} is not the id of evidence that was shown`);
}

/** The ids of the evidence in what a prompt was given. */
function idsIn(node: Json, found = new Set<string>()): Set<string> {
  if (typeof node !== 'object' || node === null) return found;
  const { id, fields, position } = node as { readonly [name: string]: unknown };
  if (typeof id === 'string' && fields !== undefined && position !== undefined) found.add(id);
  for (const each of Object.values(node)) idsIn(each as Json, found);
  return found;
}
