import {
  type Arguments,
  type ArgumentValue,
  type Clearance,
  covers,
  type Json,
  join,
  type Label,
  Labelled,
  labelSchema,
  type Provenance,
} from '@portreeve/contract';
import { open } from '@portreeve/contract/open';
import { z } from 'zod';
import type { PersonalKind } from './kinds.ts';
import { restore } from './restore.ts';
import type { PseudonymVault } from './vault.ts';

export interface RestoreArgumentsOptions {
  readonly vault: PseudonymVault;
  readonly scope: string;
  /** What `deidentify` gave for the questions of this scope. */
  readonly origins: readonly Labelled<unknown>[];
  /** Of the tool that gets the arguments. */
  readonly clearance: Clearance;
}

export interface RestoredArguments {
  readonly args: Arguments;
  /** For each argument that is a restored value and nothing else: where that value came from. */
  readonly stoodFor: readonly Provenance[];
  readonly restored: Readonly<Partial<Record<PersonalKind, number>>>;
  /** Pseudonyms that the tool gets as they are. */
  readonly withheld: Readonly<Partial<Record<PersonalKind, number>>>;
}

const originsSchema = z.object({ labels: z.array(labelSchema), at: z.record(z.string(), z.int().min(0)) });

/**
 * Puts values back into a tool's arguments (requirement D9). INVARIANTS: a value comes back only where the tool's
 * clearance covers the label that it had when it was hidden, and it brings that label with it, so policy decides on an
 * argument that is as secret as the value. One whose label is not known stays hidden.
 */
export async function restoreArguments(
  args: Arguments,
  { vault, scope, origins, clearance }: RestoreArgumentsOptions,
): Promise<RestoredArguments> {
  const stoodFor: Provenance[] = [];
  const restored: Partial<Record<PersonalKind, number>> = {};
  const withheld: Partial<Record<PersonalKind, number>> = {};
  if (origins.length === 0) return { args, stoodFor, restored, withheld };
  const labelByPseudonym = labelsOf(origins);
  const labelOf = (pseudonym: string): Label | null => {
    const label = labelByPseudonym.get(pseudonym);
    return label !== undefined && covers(clearance, label) ? label : null;
  };

  const walk = async (node: ArgumentValue, path: string): Promise<ArgumentValue> => {
    if (node instanceof Labelled) {
      const value = open(node) as Json | undefined;
      if (value === undefined) return node;
      const labels: Label[] = [];
      const found = await restore(value, {
        ...{ vault, scope },
        allowed: ({ pseudonym }) => {
          const label = labelOf(pseudonym);
          if (label) labels.push(label);
          return label !== null;
        },
      });
      add(restored, found.restored);
      add(withheld, found.withheld);
      if (labels.length === 0) return node;
      eachLeaf(value, path, (leaf, at) => {
        const label = typeof leaf === 'string' ? labelOf(leaf) : null;
        if (label) stoodFor.push({ path: at, ...provenanceOf(label) });
      });
      return new Labelled(found.value, join(node.label, ...labels));
    }
    if (typeof node !== 'object' || node === null) return node;
    if (Array.isArray(node)) return Promise.all(node.map((each, index) => walk(each, `${path}/${index}`)));
    const entries = Object.entries(node as { readonly [key: string]: ArgumentValue });
    return Object.fromEntries(
      await Promise.all(entries.map(async ([key, each]) => [key, await walk(each, `${path}/${pointerPart(key)}`)])),
    ) as ArgumentValue;
  };
  return { args: (await walk(args, '')) as Arguments, stoodFor, restored, withheld };
}

/** What a pseudonym stood for in several questions has the join of their labels. */
function labelsOf(origins: readonly Labelled<unknown>[]): Map<string, Label> {
  const labelByPseudonym = new Map<string, Label>();
  for (const each of origins) {
    const { labels, at } = originsSchema.parse(open(each));
    for (const [pseudonym, index] of Object.entries(at)) {
      const known = labelByPseudonym.get(pseudonym);
      const label = labels[index]!;
      labelByPseudonym.set(pseudonym, known === undefined ? label : join(known, label));
    }
  }
  return labelByPseudonym;
}

function provenanceOf({ integrity, origins }: Label): Omit<Provenance, 'path'> {
  const kind = origins.some((origin) => origin.startsWith('model:'))
    ? 'model'
    : integrity === 'untrusted'
      ? 'untrusted-document'
      : origins.every((origin) => origin === 'request')
        ? 'request'
        : 'trusted-record';
  return { kind, origins: [...origins] };
}

function eachLeaf(node: Json, path: string, visit: (leaf: Json, path: string) => void): void {
  if (typeof node !== 'object' || node === null) visit(node, path);
  else for (const [key, each] of Object.entries(node)) eachLeaf(each as Json, `${path}/${pointerPart(key)}`, visit);
}

const pointerPart = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');

function add(
  into: Partial<Record<PersonalKind, number>>,
  counts: Readonly<Partial<Record<PersonalKind, number>>>,
): void {
  for (const [kind, count] of Object.entries(counts) as [PersonalKind, number][])
    into[kind] = (into[kind] ?? 0) + count;
}
