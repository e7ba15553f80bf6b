import { type Labelled, at as partOf } from '@portreeve/contract';

/** Which part of which value a part is. Only `testing` asks: it holds the values of its own fakes and of nothing else. */
const origins = new WeakMap<Labelled<unknown>, { readonly whole: Labelled<unknown>; readonly pointer: string }>();

/**
 * A part of a labelled value, by JSON pointer (RFC 6901), without looking at it: `at(answer, '/title')`. The part keeps
 * the whole label. A pointer that leads nowhere gives a part that no prompt and no action accepts.
 */
export function at<T = unknown>(labelled: Labelled<unknown>, pointer: string): Labelled<T> {
  const part = partOf<T>(labelled, pointer);
  origins.set(part, { whole: labelled, pointer });
  return part;
}

export function originOf(
  part: Labelled<unknown>,
): { readonly whole: Labelled<unknown>; readonly pointer: string } | null {
  return origins.get(part) ?? null;
}
