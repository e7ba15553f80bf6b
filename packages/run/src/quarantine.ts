import {
  type Arguments,
  boundedBits,
  handleOf,
  type Json,
  type JsonObject,
  Labelled,
  lineageOf,
  openPlace,
  PortreeveError,
  type PromptContract,
  type Quarantine,
  type QuarantinedAnswer,
  type RecordData,
} from '@portreeve/contract';

type Inputs = { readonly [name: string]: Json | Labelled<unknown> };

/** One call in quarantine: what its answer will be called, and what it can say. */
export type Confined = NonNullable<RecordData<'output.validated'>['quarantined']> & { readonly schema: JsonObject };

export interface RunQuarantine {
  /** Begins a call. Throws `misconfigured` where the prompt cannot be asked in quarantine. */
  confine(prompt: PromptContract): Confined;
  /** The handles among a prompt's inputs, by name. */
  handlesIn(inputs: Inputs): ReadonlyMap<string, string>;
  /** An answer is there: from here on it is a handle, or may name the handles that its prompt was shown. */
  answered(answer: Labelled<unknown>, how: { confined: Confined | null; prompt: PromptContract; inputs: Inputs }): void;
  /** The code was shown a value of so many bits that nobody vouches for: every action from here on may rest on it. */
  shown(bits: number): void;
  /** How an action with these arguments is judged; from the first that may rest on a handle on, all may. */
  forAction(args: Arguments): Quarantine;
}

/**
 * Keeps what one run has read in quarantine (requirements D5, D6). Deterministic, and it opens nothing: after a crash the
 * same calls lead to the same handles.
 */
export function runQuarantine(): RunQuarantine {
  const answers: QuarantinedAnswer[] = [];
  const planned: { answer: Labelled<unknown>; handles: readonly string[] }[] = [];
  let calls = 0;
  let bits = 0;
  let isUsed = false;

  function holdsHandle(node: unknown): boolean {
    if (node instanceof Labelled) {
      const { root } = lineageOf(node);
      return [...answers, ...planned].some(({ answer }) => answer === root);
    }
    return typeof node === 'object' && node !== null && Object.values(node).some(holdsHandle);
  }

  return {
    confine({ id, inputs, output }) {
      const open = openPlace(output);
      if (open !== null || output.type !== 'object') {
        throw new PortreeveError('misconfigured', `the prompt ${id} has an open output schema at ${open || '/'}`, {
          next: 'Declare every member, with `additionalProperties: false` for every object.',
        });
      }
      if (inputs.some(({ handle }) => handle === true))
        throw new PortreeveError('misconfigured', `the prompt ${id} takes handles: it cannot be asked in quarantine`);
      return { handle: `q${++calls}`, bits: boundedBits(output), schema: output };
    },

    handlesIn(inputs) {
      return new Map(
        Object.entries(inputs).flatMap(([name, value]) => {
          const handle = value instanceof Labelled ? handleOf(value, answers) : null;
          return handle === null ? [] : [[name, handle] as const];
        }),
      );
    },

    answered(answer, { confined, prompt, inputs }) {
      if (confined) {
        answers.push({ id: confined.handle, answer, schema: confined.schema });
        bits += confined.bits;
        return;
      }
      const handles = [...this.handlesIn(inputs)].filter(([name]) =>
        prompt.inputs.some((input) => input.name === name && input.handle === true),
      );
      if (handles.length > 0) planned.push({ answer, handles: handles.map(([, handle]) => handle) });
    },

    shown(more) {
      isUsed = true;
      bits += more;
    },

    forAction(args) {
      // How an action ends can depend on what was in it, and the code sees how it ended.
      isUsed ||= holdsHandle(args);
      return { answers: [...answers], planned: [...planned], bits: isUsed ? bits : null };
    },
  };
}
