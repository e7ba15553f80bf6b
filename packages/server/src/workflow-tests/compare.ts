import type { Json } from '@portreeve/contract';

const SHOWN_MAX = 120;

export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length <= SHOWN_MAX ? text : `${text.slice(0, SHOWN_MAX - 1).toWellFormed()}…`;
}

/** Where a value lacks what is expected of it, a sentence each: members of objects at least, lists and all else exactly. */
export function differences(expected: Json, actual: unknown, at: string): string[] {
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) return [`${at} is ${shown(actual)} and not ${shown(expected)}`];
    if (actual.length !== expected.length) return [`${at} has ${actual.length} items and not ${expected.length}`];
    return expected.flatMap((each, index) => differences(each, actual[index], `${at}/${index}`));
  }
  if (typeof expected === 'object' && expected !== null) {
    if (typeof actual !== 'object' || actual === null || Array.isArray(actual))
      return [`${at} is ${shown(actual)} and not ${shown(expected)}`];
    return Object.entries(expected).flatMap(([name, each]) =>
      differences(each as Json, Object.hasOwn(actual, name) ? Reflect.get(actual, name) : undefined, `${at}/${name}`),
    );
  }
  return expected === actual ? [] : [`${at} is ${shown(actual)} and not ${shown(expected)}`];
}
