import {
  handleOf,
  type Json,
  Labelled,
  lineageOf,
  namedHandle,
  PortreeveError,
  type Quarantine,
  type QuarantinedAnswer,
} from '@portreeve/contract';
import { at } from '../at.ts';

type Inputs = { readonly [name: string]: Json | Labelled<unknown> };

/** What a workflow's test has read in quarantine, and what its planners were shown of it. */
export class TestHandles {
  readonly answers: QuarantinedAnswer[] = [];
  readonly planned: Quarantine['planned'][number][] = [];

  /** Policy judges what was read here as free text: how much it can say is counted by a running Portreeve. */
  add(answer: Labelled<unknown>): void {
    this.answers.push({ id: `q${this.answers.length + 1}`, answer, schema: {} });
  }

  /** What has been read in quarantine so far, as an action is judged by it. */
  read(): Quarantine {
    return { answers: [...this.answers], planned: [...this.planned], bits: null };
  }

  /** The inputs as a planner sees them: a handle in the place of each that its prompt declares as one. */
  hidden(declared: readonly string[], inputs: Inputs): { readonly seen: Inputs; readonly shown: readonly string[] } {
    const shown: string[] = [];
    const seen = Object.entries(inputs).map(([name, value]) => {
      if (!declared.includes(name)) return [name, value] as const;
      const handle = value instanceof Labelled ? handleOf(value, this.answers) : null;
      if (handle === null)
        throw new PortreeveError(
          'misconfigured',
          `the input ${name} takes a handle: give it what \`quarantine\` answered`,
        );
      shown.push(handle);
      return [name, handle] as const;
    });
    return { seen: Object.fromEntries(seen), shown };
  }

  /** What a text in a labelled value stands for; `null`: for itself. */
  named(text: string, within: Labelled<unknown>): Labelled<unknown> | null {
    const planned = this.planned.find(({ answer }) => answer === lineageOf(within).root);
    const named = planned ? namedHandle(text, planned.handles) : null;
    if (named === null) return null;
    const from = named === 'unknown' ? undefined : this.answers.find(({ id }) => id === named.id);
    if (named === 'unknown' || !from)
      throw new PortreeveError('bad_input', `the answer names a handle that its prompt was not shown: ${text}`);
    return at(from.answer, named.pointer);
  }
}
