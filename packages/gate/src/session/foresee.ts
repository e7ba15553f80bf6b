import type { JsonObject } from '@portreeve/contract';
import { readTimes } from '../provenance/dates.ts';
import { indexOf, type Source } from '../provenance/material.ts';
import { isCalled } from '../provenance/recipients.ts';

/** What a trusted request names by itself, before anything was read. */
export interface Foreseen {
  /** Whom and what it calls: addresses, quoted texts, proper names. These alone can become recipients. */
  readonly called: readonly string[];
  /** ISO dates. */
  readonly dates: readonly string[];
}

const CALLED_MAX = 256;
const QUOTED = /(?<![\p{L}\p{N}])['"‘“„]([^'"’”\n]{1,200})['"’”](?![\p{L}\p{N}])/gu;
const WORDS = /[\p{L}\p{N}@#+](?:[^\s,;:!?"“”()]*[\p{L}\p{N}])?/gu;

/**
 * Reads out of a request what an intent may bind to: a client declares it with the tools that it means to use. `today` is
 * an ISO date. At most 256 names.
 */
export function foresee(request: JsonObject, today: string | null = null): Foreseen {
  const source: Source = { origin: 'request', trust: 'request', value: request, structured: false };
  const texts = indexOf(source).leaves.map((leaf) => leaf.text);
  const called = new Set<string>();
  for (const text of texts) {
    for (const pattern of [QUOTED, WORDS]) {
      for (const match of text.matchAll(pattern)) {
        const value = match[1] ?? match[0];
        const start = match.index + match[0].indexOf(value);
        if (called.size < CALLED_MAX && isCalled(value, text, { start, end: start + value.length })) called.add(value);
      }
    }
  }
  const { days } = readTimes(texts, today);
  return { called: [...called], dates: [...days].sort((a, b) => a - b).map(isoOf) };
}

const isoOf = (day: number) => new Date(day * 86_400_000).toISOString().slice(0, 10);
