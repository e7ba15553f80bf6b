import {
  type Arguments,
  type ArgumentValue,
  assertJson,
  at,
  type Json,
  jsonSchema,
  Labelled,
  labelSchema,
  lineageOf,
  PortreeveError,
} from '@portreeve/contract';
import { open } from '@portreeve/contract/open';
import { z } from 'zod';

/*
 * Labelled values between two processes of one house. A labelled value has no JSON form of its own, so that it cannot leave
 * by accident; here it leaves on purpose, from the run to the gate and back, and keeps its label.
 */

export const labelledSchema = z.strictObject({ value: jsonSchema, label: labelSchema });
export type LabelledMessage = z.infer<typeof labelledSchema>;

/** A labelled value as a message. Throws `NotCanonical` for a value that has no JSON form. */
export function labelledMessage(labelled: Labelled<unknown>): LabelledMessage {
  const value = open(labelled) as Json;
  assertJson(value);
  const { categories, origins, ...rest } = labelled.label;
  return {
    value,
    label: { ...rest, categories: [...categories], origins: [...origins] },
  };
}

export const labelledFrom = ({ value, label }: LabelledMessage): Labelled<Json> => new Labelled(value as Json, label);

/** Depth of the arguments that a run may send. What is deeper has no place on record. */
const DEPTH_MAX = 64;

/** A node says what it is, so that no member name of an argument can be taken for a mark. */
export type TreeMessage =
  | null
  | boolean
  | number
  | string
  | { readonly list: readonly TreeMessage[] }
  | { readonly members: readonly (readonly [name: string, value: TreeMessage])[] }
  | { readonly labelled: LabelledMessage }
  | { readonly part: { readonly root: number; readonly pointer: string } };

/** In pairs: a name is data here, and some names mean something in an object of JavaScript. */
const membersSchema = z.array(z.tuple([z.string(), z.lazy(() => nodeSchema)]));

const nodeSchema: z.ZodType<TreeMessage> = z.lazy(() =>
  z.union([
    z.null(),
    z.boolean(),
    z.number(),
    z.string(),
    z.strictObject({ list: z.array(nodeSchema) }),
    z.strictObject({ members: membersSchema }),
    z.strictObject({ labelled: labelledSchema }),
    z.strictObject({ part: z.strictObject({ root: z.int().min(0), pointer: z.string().max(1000) }) }),
  ]),
);
export const treeSchema = z.strictObject({ members: membersSchema });

/** Arguments as a message. A value that was taken from one of the roots is named by its place there. */
export function treeMessage(args: Arguments, roots: readonly Labelled<unknown>[]): z.infer<typeof treeSchema> {
  const walk = (node: ArgumentValue, depth: number): TreeMessage => {
    if (depth > DEPTH_MAX) throw new PortreeveError('bad_input', 'The arguments are too deep to be put on record.');
    if (node instanceof Labelled) {
      const { root, pointer } = lineageOf(node);
      const index = roots.indexOf(root);
      return index === -1 ? { labelled: labelledMessage(node) } : { part: { root: index, pointer } };
    }
    if (Array.isArray(node)) return { list: node.map((each) => walk(each, depth + 1)) };
    if (typeof node === 'object' && node !== null)
      return { members: Object.entries(node).map(([name, each]) => [name, walk(each, depth + 1)] as const) };
    assertJson(node as Json);
    return node as null | boolean | number | string;
  };
  return walk(args, 0) as z.infer<typeof treeSchema>;
}

/** Throws `bad_input` where it names a root that is not there. */
export function argumentsFrom(tree: z.infer<typeof treeSchema>, roots: readonly Labelled<unknown>[]): Arguments {
  const walk = (node: TreeMessage): ArgumentValue => {
    if (typeof node !== 'object' || node === null) return node;
    if ('list' in node) return node.list.map(walk);
    if ('labelled' in node) return labelledFrom(node.labelled);
    if ('part' in node) {
      const root = roots[node.part.root];
      if (!root) throw new PortreeveError('bad_input', 'An argument is part of an answer that was not sent.');
      return node.part.pointer === '' ? root : at(root, node.part.pointer);
    }
    return Object.fromEntries(node.members.map(([name, each]) => [name, walk(each)]));
  };
  return walk(tree) as Arguments;
}
