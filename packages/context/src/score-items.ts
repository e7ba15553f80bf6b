import type { Json, JsonObject, Labelled } from '@portreeve/contract';
import { open } from '@portreeve/contract/open';
import { type InjectionClassifier, withOutside } from './detect/outside-classifier.ts';
import { INJECTION_LIKELY, scoreInjection } from './detect/score-injection.ts';
import type { Finding } from './findings.ts';
import type { SourceItem } from './ports.ts';

/** Items of one reading that an outside classifier is asked about at the most; the rest counts as not answered. */
const ITEMS_ASKED_MAX = 500;
const AT_ONCE = 8;
const POSITIONS_MAX = 1000;

/** The text that a score is about: every string of a value, each on its own line. */
export function textOf(value: Json): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  return Object.values(value)
    .map((each) => textOf(each as Json))
    .filter((text) => text !== '')
    .join('\n');
}

/**
 * Asks an outside classifier about each item, and gives what it adds to the findings: items that it takes for injections
 * although our own rules did not, and items about which it said nothing. It never takes a finding away.
 */
export async function classifyItems(
  items: readonly SourceItem[],
  findings: readonly Finding[],
  classifier: InjectionClassifier,
): Promise<readonly Finding[]> {
  const likely: { position: number; score: number }[] = [];
  const silent = items.slice(ITEMS_ASKED_MAX).map(({ position }) => position);
  const queue = items.slice(0, ITEMS_ASKED_MAX).values();
  const work = async (): Promise<void> => {
    for (const { position, fields } of queue) {
      const text = textOf(fields as JsonObject);
      if (text === '') continue;
      const { score, signals } = withOutside(scoreInjection(text), await classifier.classify(text));
      if (signals.some(({ name }) => name === 'outside_classifier_failed')) silent.push(position);
      if (score >= INJECTION_LIKELY) likely.push({ position, score });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const own = findings.find(({ kind }) => kind === 'injection_likely');
  const noticed = new Set([...(own?.positions ?? []), ...likely.map(({ position }) => position)]);
  const others = findings.filter(({ kind }) => kind !== 'injection_likely');
  return [
    ...others,
    ...(noticed.size === 0
      ? []
      : [
          {
            kind: 'injection_likely' as const,
            count: Math.max(noticed.size, own?.count ?? 0),
            positions: inOrder(noticed),
            score: Math.max(own?.score ?? 0, ...likely.map(({ score }) => score)),
          },
        ]),
    ...(silent.length === 0
      ? []
      : [{ kind: 'classifier_silent' as const, count: silent.length, positions: inOrder(silent) }]),
  ].sort((a, b) => (a.kind < b.kind ? -1 : 1));
}

/** The highest score among findings, per mille; 0 where none is worth a look. */
export function injectionOf(findings: readonly Finding[]): number {
  return Math.max(0, ...findings.map(({ score }) => score ?? 0));
}

/** How much a value looks as if it gave orders, per mille; as with findings, 0 below {@link INJECTION_LIKELY}. */
export function scoreValue(labelled: Labelled<Json>): number {
  const { score } = scoreInjection(textOf(open(labelled)));
  return score >= INJECTION_LIKELY ? score : 0;
}

const inOrder = (positions: Iterable<number>): number[] => [...positions].sort((a, b) => a - b).slice(0, POSITIONS_MAX);
