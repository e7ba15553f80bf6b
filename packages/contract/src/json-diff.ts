import { z } from 'zod';
import { canonicalJson, type Json, jsonSchema } from './canonical.ts';

const pointer = z.string();

/**
 * One difference between two JSON values. Paths are JSON pointers (RFC 6901): that of something removed leads into the
 * value before, the others into the value after. `was_at`: where a changed member of a list stood before, if elsewhere.
 */
export const changeSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('added'), path: pointer, after: jsonSchema }),
  z.strictObject({ kind: z.literal('removed'), path: pointer, before: jsonSchema }),
  z.strictObject({
    kind: z.literal('changed'),
    path: pointer,
    was_at: pointer.optional(),
    before: jsonSchema,
    after: jsonSchema,
  }),
]);
export type Change = z.infer<typeof changeSchema>;

/** Cells of the table by which the longest common part of two lists is found; longer lists are replaced as a whole. */
const LIST_CELLS_MAX = 1_000_000;

/**
 * What leads from one JSON value to the other, complete: nothing is shortened, and no difference gives an empty list. `null`
 * as the whole of one side stands for nothing there. Members of a list keep their place by the longest common part, so that
 * one that is taken out of the middle is one change. Deterministic. Throws `NotCanonical` for what is no JSON.
 */
export function jsonDiff(before: Json, after: Json): Change[] {
  const changes: Change[] = [];
  if (canonicalJson(before) === canonicalJson(after)) return [];
  if (before === null) return [{ kind: 'added', path: '', after }];
  if (after === null) return [{ kind: 'removed', path: '', before }];
  compare(before, after, '', '', changes);
  return changes;
}

function compare(before: Json, after: Json, was: string, path: string, into: Change[]): void {
  if (Array.isArray(before) && Array.isArray(after)) {
    compareLists(before, after, was, path, into);
    return;
  }
  if (isObject(before) && isObject(after)) {
    for (const name of [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()) {
      const [old, now] = [`${was}/${pointerPart(name)}`, `${path}/${pointerPart(name)}`];
      if (!Object.hasOwn(after, name)) into.push({ kind: 'removed', path: old, before: before[name]! });
      else if (!Object.hasOwn(before, name)) into.push({ kind: 'added', path: now, after: after[name]! });
      else compare(before[name]!, after[name]!, old, now, into);
    }
    return;
  }
  if (canonicalJson(before) === canonicalJson(after)) return;
  into.push({ kind: 'changed', path, ...(was === path ? {} : { was_at: was }), before, after });
}

function compareLists(before: readonly Json[], after: readonly Json[], was: string, path: string, into: Change[]) {
  const [left, right] = [before.map(canonicalJson), after.map(canonicalJson)];
  let [i, j] = [0, 0];
  // Between two members that both lists have, as many as were there before became those that are there now.
  for (const [nextI, nextJ] of [...commonMembers(left, right), [left.length, right.length] as const]) {
    const paired = nextI - i === nextJ - j;
    if (paired) for (let n = 0; n < nextI - i; n++) compareMember(i + n, j + n);
    else {
      for (let n = i; n < nextI; n++) into.push({ kind: 'removed', path: `${was}/${n}`, before: before[n]! });
      for (let n = j; n < nextJ; n++) into.push({ kind: 'added', path: `${path}/${n}`, after: after[n]! });
    }
    [i, j] = [nextI + 1, nextJ + 1];
  }

  function compareMember(old: number, now: number): void {
    compare(before[old]!, after[now]!, `${was}/${old}`, `${path}/${now}`, into);
  }
}

/** The places of a longest common subsequence, in order. */
function commonMembers(left: readonly string[], right: readonly string[]): (readonly [number, number])[] {
  const most = Math.min(left.length, right.length);
  let head = 0;
  while (head < most && left[head] === right[head]) head++;
  let tail = 0;
  while (tail < most - head && left[left.length - 1 - tail] === right[right.length - 1 - tail]) tail++;
  const [rows, columns] = [left.length - head - tail, right.length - head - tail];
  const common: (readonly [number, number])[] = Array.from({ length: head }, (_, n) => [n, n]);
  if ((rows + 1) * (columns + 1) <= LIST_CELLS_MAX) {
    const width = columns + 1;
    // Cell (i, j): the length of the longest common part of what stands from i and j on.
    const lengths = new Uint32Array((rows + 1) * width);
    for (let i = rows - 1; i >= 0; i--)
      for (let j = columns - 1; j >= 0; j--)
        lengths[i * width + j] =
          left[head + i] === right[head + j]
            ? lengths[(i + 1) * width + j + 1]! + 1
            : Math.max(lengths[(i + 1) * width + j]!, lengths[i * width + j + 1]!);
    for (let i = 0, j = 0; i < rows && j < columns; ) {
      if (left[head + i] === right[head + j]) common.push([head + i++, head + j++]);
      else if (lengths[(i + 1) * width + j]! >= lengths[i * width + j + 1]!) i++;
      else j++;
    }
  }
  for (let n = tail; n > 0; n--) common.push([left.length - n, right.length - n]);
  return common;
}

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const pointerPart = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');
