import {
  type Arguments,
  type Clock,
  type Json,
  type JsonObject,
  type Label,
  Labelled,
  lineageOf,
  PortreeveError,
  type PromptContract,
  type RecordData,
  type SourceContract,
  type ValueId,
} from '@portreeve/contract';
import { open } from '@portreeve/contract/open';
import { asEvidence, labelEvidence, withoutFields } from '../evidence.ts';
import { clearedFields, type EndedReading, lifeOf, notKeptFields } from './rules.ts';

type Inputs = { readonly [name: string]: Json | Labelled<unknown> };
type Withheld = NonNullable<RecordData<'prompt.assembled'>['withheld']>;

/** One reading of a run: what it was, when, and the value that stands for it. */
export interface Entered {
  readonly source: SourceContract;
  readonly query: JsonObject;
  /** ISO 8601. */
  readonly read_at: string;
  readonly value: ValueId;
  readonly evidence: Labelled<unknown>;
}

export interface RunLife {
  entered(reading: Entered): void;
  /**
   * The inputs as a prompt may have them now: cleared fields and fields that may not enter it are left out, and what has
   * nothing left is replaced by the statement that it was cleared. `reread`: readings with fields that are never kept.
   */
  forPrompt(prompt: PromptContract, inputs: Inputs): { inputs: Inputs; withheld: Withheld; reread: readonly Entered[] };
  /** What ends with this question because it has it: its source says so, or the prompt of the input. */
  endingWith(prompt: PromptContract, inputs: Inputs): readonly EndedReading[];
  /** The question was answered: from here on it is cleared. */
  end(readings: readonly EndedReading[]): void;
  /** The first argument that was taken from what is cleared or never kept, with its source; `null`: none was. */
  refusedArgument(args: Arguments): { readonly path: string; readonly source: string; readonly why: string } | null;
  /** Evidence for the record of an action: its ids, without the fields that are cleared. */
  forRecord<T>(evidence: Labelled<T>): Labelled<T>;
}

/** What a value becomes of which nothing may be shown: our own words and a count. */
const STATEMENT: Label = { integrity: 'trusted', confidentiality: 'public', categories: [], origins: [] };

/**
 * Keeps the life of what one run has read (requirement D7). Deterministic: after a crash the same calls, remembered or made
 * again, lead to the same state.
 */
export function runLife(clock: Clock): RunLife {
  const readings = new Map<Labelled<unknown>, Entered>();
  const ended = new Map<ValueId, ReadonlySet<string>>();

  function gone(reading: Entered): Set<string> {
    const over = ended.get(reading.value) ?? new Set();
    return new Set(clearedFields(reading.source, new Date(reading.read_at), over, clock.now()));
  }

  function barred({ source }: Entered, prompt: PromptContract): Set<string> {
    const fields = source.fields.map(({ name }) => name);
    return new Set(fields.filter((name) => lifeOf(source, name)?.enter?.includes(prompt.id) === false));
  }

  /** INVARIANT (D8): a workflow gets declared fields; one that asks for another is told which declaration is missing. */
  function checkDeclared({ source }: Entered, pointer: string): void {
    const [, , part, field] = pointer.split('/').map((each) => each.replaceAll('~1', '/').replaceAll('~0', '~'));
    if (part !== 'fields' || field === undefined || source.fields.some(({ name }) => name === field)) return;
    const named = JSON.stringify(field.slice(0, 128));
    throw new PortreeveError('out_of_scope', `the source ${source.name} does not declare the field ${named}`, {
      next: `Declare ${named} among the fields of ${source.name}, or leave it out.`,
    });
  }

  function* readingsIn(
    inputs: Inputs,
  ): Generator<{ name: string; value: Labelled<unknown>; reading: Entered; pointer: string }> {
    for (const [name, value] of Object.entries(inputs)) {
      if (!(value instanceof Labelled)) continue;
      const { root, pointer } = lineageOf(value);
      const reading = readings.get(root);
      if (!reading) continue;
      checkDeclared(reading, pointer);
      yield { name, value, reading, pointer };
    }
  }

  return {
    entered: (reading) => void readings.set(reading.evidence, reading),

    forPrompt(prompt, inputs) {
      const shown: { [name: string]: Json | Labelled<unknown> } = { ...inputs };
      const withheld: Withheld = [];
      const reread = new Set<Entered>();
      for (const { name, value, reading, pointer } of readingsIn(inputs)) {
        const { source } = reading;
        const cleared = gone(reading);
        const kept = barred(reading, prompt);
        const items = countOf(reading.evidence);
        for (const [why, fields] of [
          ['cleared', cleared],
          ['not_for_this_prompt', kept],
        ] as const) {
          const touched = touching(pointer, fields);
          if (touched.length > 0) withheld.push({ input: name, source: source.name, why, fields: touched, items });
        }
        const out = new Set([...cleared, ...kept]);
        const left = reduced(value, pointer, out, source);
        if (left) shown[name] = left;
        else {
          const counts = [...out].some((field) => lifeOf(source, field)?.abstract === 'counts');
          shown[name] = new Labelled({ cleared: source.name, ...(counts ? { items } : {}) }, STATEMENT);
        }
        if (left && notKeptFields(source).some((field) => !out.has(field))) reread.add(reading);
      }
      return { inputs: shown, withheld, reread: [...reread] };
    },

    endingWith(prompt, inputs) {
      const ending = new Map<ValueId, Set<string>>();
      for (const { name: input, reading } of readingsIn(inputs)) {
        const whole = prompt.inputs.some(({ name, clear }) => name === input && clear === 'after-step');
        const kept = barred(reading, prompt);
        const over = ended.get(reading.value);
        const fields = ending.get(reading.value) ?? new Set();
        for (const { name } of reading.source.fields) {
          if (kept.has(name) || over?.has(name)) continue;
          if (whole || lifeOf(reading.source, name)?.clear === 'after-step') fields.add(name);
        }
        if (fields.size > 0) ending.set(reading.value, fields);
      }
      return [...ending].map(([value, fields]) => ({ value, fields: [...fields] }));
    },

    end(readings) {
      for (const { value, fields } of readings) ended.set(value, new Set([...(ended.get(value) ?? []), ...fields]));
    },

    refusedArgument(args) {
      const walk = (node: unknown, path: string): ReturnType<RunLife['refusedArgument']> => {
        if (node instanceof Labelled) {
          const { root, pointer } = lineageOf(node);
          const reading = readings.get(root);
          if (!reading) return null;
          checkDeclared(reading, pointer);
          const source = reading.source.name;
          if (touching(pointer, gone(reading)).length > 0) return { path, source, why: 'was cleared' };
          return touching(pointer, new Set(notKeptFields(reading.source))).length > 0
            ? { path, source, why: 'may not be kept' }
            : null;
        }
        if (typeof node !== 'object' || node === null) return null;
        for (const [key, item] of Object.entries(node)) {
          const found = walk(item, `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`);
          if (found) return found;
        }
        return null;
      };
      return walk(args, '');
    },

    forRecord<T>(evidence: Labelled<T>): Labelled<T> {
      const reading = readings.get(lineageOf(evidence).root);
      if (!reading) return evidence;
      const list = asEvidence(open(evidence));
      const out = gone(reading);
      if (list === null || out.size === 0) return evidence;
      return labelEvidence(
        list.map((item) => withoutFields(item, out)),
        evidence.label,
      ) as unknown as Labelled<T>;
    },
  };
}

/** Which of these fields a pointer into a reading (`/3/fields/name`) meets. */
function touching(pointer: string, fields: ReadonlySet<string>): string[] {
  const field = pointer.split('/')[3]?.replaceAll('~1', '/').replaceAll('~0', '~');
  const part = pointer.split('/')[2];
  if (part !== undefined && part !== 'fields') return [];
  return field === undefined ? [...fields] : fields.has(field) ? [field] : [];
}

/** A value, or part of one, without some fields; `null` where nothing is left of it. */
function reduced(
  value: Labelled<unknown>,
  pointer: string,
  out: ReadonlySet<string>,
  source: SourceContract,
): Labelled<unknown> | null {
  if (touching(pointer, out).length === 0) return value;
  if (pointer.split('/')[3] !== undefined || source.fields.every(({ name }) => out.has(name))) return null;
  const opened = open(value);
  const evidence = asEvidence(opened);
  if (evidence !== null)
    return labelEvidence(
      evidence.map((item) => withoutFields(item, out)),
      value.label,
    );
  const fields = Object.entries(opened as JsonObject).filter(([name]) => !out.has(name));
  return new Labelled(Object.fromEntries(fields), value.label);
}

function countOf(evidence: Labelled<unknown>): number {
  const value = open(evidence);
  return Array.isArray(value) ? value.length : 1;
}
