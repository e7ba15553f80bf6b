import type { Json, Proposal, Provenance } from '@portreeve/contract';
import { indexOf } from './provenance/material.ts';
import { valueAt } from './provenance/value-at.ts';

/** A document that values of a proposal may have come from. */
export interface Document {
  /** As the spans of the provenance name it. */
  readonly origin: string;
  readonly value: Json;
}

/** Where a value stands in a document, with a little of what is around it. */
export interface Passage {
  readonly origin: string;
  readonly at: string;
  readonly start: number;
  readonly before: string;
  readonly text: string;
  readonly after: string;
  /** What was noticed in the text that it stands in, such as `instruction_like`. */
  readonly findings: readonly string[];
}

/** One argument as its approver sees it (requirements D6, F3). */
export interface ExplainedArgument {
  readonly path: string;
  readonly value: Json;
  readonly kind: Provenance['kind'];
  readonly origins: readonly string[];
  readonly derivation?: Provenance['derivation'];
  readonly carries?: Provenance['carries'];
  readonly passages: readonly Passage[];
}

const AROUND_CHARS = 120;
const TEXT_CHARS_MAX = 400;

/**
 * The arguments of a proposal with the passages that their values come from. Excerpts are bounded; a span whose document
 * is not given, or does not reach so far, is left out. `findingsIn` says what is suspicious in a text.
 */
export function explainArguments(
  proposal: Pick<Proposal, 'args' | 'provenance'>,
  documents: readonly Document[],
  findingsIn: (text: string) => readonly string[],
): ExplainedArgument[] {
  const textsByOrigin = new Map(documents.map((document) => [document.origin, textsOf(document)]));
  return proposal.provenance.map((leaf) => ({
    path: leaf.path,
    value: valueAt(proposal.args, leaf.path),
    kind: leaf.kind,
    origins: leaf.origins,
    ...(leaf.derivation ? { derivation: leaf.derivation } : {}),
    ...(leaf.carries ? { carries: leaf.carries } : {}),
    passages: (leaf.spans ?? []).flatMap(({ origin, at, start, end }) => {
      const text = textsByOrigin.get(origin)?.get(at);
      if (text === undefined || end > text.length || start >= end) return [];
      const stop = Math.min(end, start + TEXT_CHARS_MAX);
      return [
        {
          origin,
          at,
          start,
          before: text.slice(Math.max(0, start - AROUND_CHARS), start).toWellFormed(),
          text: text.slice(start, stop).toWellFormed(),
          after: text.slice(stop, stop + AROUND_CHARS).toWellFormed(),
          findings: findingsIn(text),
        },
      ];
    }),
  }));
}

function textsOf({ origin, value }: Document): Map<string, string> {
  const { leaves } = indexOf({ origin, trust: 'untrusted', value, structured: false });
  return new Map(leaves.map((leaf) => [leaf.at, leaf.text]));
}
