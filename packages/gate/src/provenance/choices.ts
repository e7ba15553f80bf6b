import { capacityBits, type Json, type JsonObject } from '@portreeve/contract';
import { foldForTrust } from './fold.ts';
import { isFunctionWord } from './literal.ts';

/** The schema of an argument by its JSON pointer; local references are followed. Null where none is declared. */
export function schemaAt(root: JsonObject, pointer: string): JsonObject | null {
  let node: JsonObject | null = root;
  for (const raw of pointer.split('/').slice(1)) {
    const key = raw.replaceAll('~1', '/').replaceAll('~0', '~');
    node = step(node && plain(node, root), key, root);
  }
  return node && plain(node, root);
}

function step(node: JsonObject | null, key: string, root: JsonObject): JsonObject | null {
  if (node === null) return null;
  const properties = asObject(node.properties);
  if (properties && Object.hasOwn(properties, key)) return asObject(properties[key]);
  if (/^\d+$/.test(key) && node.items !== undefined) return asObject(node.items);
  for (const branch of branchesOf(node)) {
    const found = step(plain(branch, root), key, root);
    if (found) return found;
  }
  return null;
}

function plain(node: JsonObject, root: JsonObject, depth = 0): JsonObject {
  const match = typeof node.$ref === 'string' ? /^#\/(\$defs|definitions)\/([^/~]+)$/.exec(node.$ref) : null;
  const shelf = match ? asObject(root[match[1]!]) : null;
  const target = shelf && Object.hasOwn(shelf, match![2]!) ? asObject(shelf[match![2]!]) : null;
  return target && depth < 8 ? plain(target, root, depth + 1) : node;
}

function branchesOf(node: JsonObject): JsonObject[] {
  const branches = node.anyOf ?? node.oneOf ?? node.allOf;
  return Array.isArray(branches) ? branches.map(asObject).filter((branch) => branch !== null) : [];
}

const asObject = (value: Json | undefined): JsonObject | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;

/** The closed set that a value is chosen from, and its capacity; null where it is open. Booleans are a closed set. */
export function closedChoice(
  schema: JsonObject | null,
  value: Json,
  root: JsonObject,
): { members: readonly Json[]; bits: number } | null {
  if (typeof value === 'boolean') return { members: [true, false], bits: 1 };
  if (schema === null) return null;
  const node = [schema, ...branchesOf(schema).map((branch) => plain(branch, root))].find(
    (each) => Array.isArray(each.enum) && (each.enum as Json[]).includes(value),
  );
  if (!node) return null;
  return { members: node.enum as Json[], bits: capacityBits({ enum: node.enum as Json[] }) ?? 0 };
}

/**
 * Whether the request itself makes this choice: it has the member's word, or words of which the member is the initials
 * (`r` for read, `rw` for read and write), and no longer member fits as well. `true` needs the name of the argument.
 */
export function requestChooses(
  value: Json,
  members: readonly Json[],
  argument: string,
  texts: readonly string[],
): boolean {
  const words = texts.flatMap((text) => foldForTrust(text).text.match(/[\p{L}\p{N}]+/gu) ?? []);
  if (typeof value === 'boolean') return value && isSaid(argument, words);
  const fitting = members.filter((member) => typeof member === 'string' && isSaid(member, words)) as string[];
  const best = Math.max(0, ...fitting.map((member) => member.length));
  return typeof value === 'string' && fitting.includes(value) && value.length === best;
}

function isSaid(member: string, words: readonly string[]): boolean {
  const parts = member.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  if (parts.length === 0) return false;
  const meaning = words.filter((word) => !isFunctionWord(word));
  return meaning.some(
    (_, start) =>
      parts.every((part, index) => meaning[start + index] === part) ||
      (parts.length === 1 && parts[0]!.length <= 3 && initials(parts[0]!, meaning.slice(start))),
  );
}

const initials = (letters: string, words: readonly string[]) =>
  [...letters].every((letter, index) => (words[index]?.length ?? 0) >= 4 && words[index]!.startsWith(letter));
