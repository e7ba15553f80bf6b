import type { Json, JsonObject } from '@portreeve/contract';

const LEAVES_MAX = 64;

/** The pointers of the texts in a value, in its order. */
export function textLeaves(value: Json, at = ''): string[] {
  if (typeof value === 'string') return [at];
  if (typeof value !== 'object' || value === null) return [];
  const members = Object.entries(value as Readonly<Record<string, Json>>);
  return members
    .flatMap(([key, member]) => textLeaves(member, `${at}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`))
    .slice(0, LEAVES_MAX);
}

/** The same value with another text at a pointer that {@link textLeaves} gave. */
export function withText(value: JsonObject, pointer: string, change: (text: string) => string): JsonObject {
  const keys = pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const walk = (node: Json, depth: number): Json => {
    if (depth === keys.length) return change(String(node));
    if (Array.isArray(node))
      return node.map((item, index) => (String(index) === keys[depth] ? walk(item, depth + 1) : item));
    const key = keys[depth]!;
    const members = node as JsonObject;
    return { ...members, [key]: walk(members[key] ?? '', depth + 1) };
  };
  return walk(value, 0) as JsonObject;
}

/** Every leaf of a value with its pointer. */
export function leavesOf(value: Json, at = ''): { readonly at: string; readonly value: Json }[] {
  if (typeof value !== 'object' || value === null) return [{ at, value }];
  return Object.entries(value as Readonly<Record<string, Json>>).flatMap(([key, member]) =>
    leavesOf(member, `${at}/${key}`),
  );
}

/** Whether a pointer is that of a part, or of something in it. */
export const isUnder = (path: string, at: string): boolean => at === path || at.startsWith(`${path}/`);
