import { userInfo } from 'node:os';
import { type Digest, digestOf, type Json, type ProjectConfig, type RecordData } from '@portreeve/contract';

/** What is in force, each part with the digest of what it says: `audit.streams.siem`, `tool.publish_note`. No values. */
export type InForce = Readonly<Record<string, Digest>>;

/** How deep the configuration is taken apart: below that a part is one part. */
const DEPTH = 3;

/** The parts of a configuration. A list of named things is taken apart by their names. */
export function configInForce(config: ProjectConfig): InForce {
  const parts: Record<string, Digest> = {};
  const walk = (value: Json, path: string, depth: number): void => {
    const members = depth < DEPTH ? membersOf(value) : null;
    if (members === null) parts[path] = digestOf(value);
    else for (const [name, member] of members) walk(member, path === '' ? name : `${path}.${name}`, depth + 1);
  };
  // As it is written: a member that the schema left undefined is not there.
  walk(JSON.parse(JSON.stringify(config)) as Json, '', 0);
  return parts;
}

function membersOf(value: Json): (readonly [string, Json])[] | null {
  if (Array.isArray(value)) {
    const named = value.map((each) => (each as { name?: unknown } | null)?.name);
    const all = named.length > 0 && named.every((name) => typeof name === 'string');
    return all && new Set(named).size === named.length ? value.map((each, i) => [named[i] as string, each]) : null;
  }
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0 ? Object.entries(value) : null;
}

/** Tool contracts, by name. */
export function toolsInForce(tools: readonly { readonly name: string }[]): InForce {
  return partsOf('tool', tools);
}

/** Named things of one kind, each a part. */
export function partsOf(kind: string, items: readonly { readonly name: string }[]): InForce {
  return Object.fromEntries(items.map((item) => [`${kind}.${item.name}`, digestOfPlain(item)]));
}

/** The digest of what is written of a value: a member that is undefined is not there. */
export function digestOfPlain(value: unknown): Digest {
  return digestOf(JSON.parse(JSON.stringify(value)) as Json);
}

/** What differs between two, by name in order. */
export function changesOf(
  before: Readonly<Record<string, string>>,
  now: InForce,
): RecordData<'config.changed'>['changes'] {
  const parts = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort();
  return parts.flatMap((part) => {
    const [from, to] = [before[part], now[part]];
    if (from === to) return [];
    return [{ part, change: from === undefined ? 'added' : to === undefined ? 'removed' : 'changed' } as const];
  });
}

/** The account of the operating system that runs this process. */
export function runBy(): string {
  return userInfo().username.slice(0, 128);
}
