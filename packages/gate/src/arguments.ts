import {
  type Arguments,
  type ArgumentValue,
  assertJson,
  BOTTOM,
  type Json,
  type JsonObject,
  join,
  type Label,
  Labelled,
  PortreeveError,
  type Provenance,
  type Quarantine,
  type ToolContract,
} from '@portreeve/contract';
import { open } from '@portreeve/contract/open';
import { boundedOrigin, namedValue, type Place, partOf, placeOf } from './quarantined.ts';

export interface OpenedArguments {
  readonly args: JsonObject;
  readonly provenance: readonly Provenance[];
  /** The join of every label in the arguments. */
  readonly label: Label;
}

/**
 * Opens an argument tree and says of each leaf where it came from (requirement D6): a value that stands in the request
 * word for word is the request's, whoever repeats it; what a model wrote is the model's. A handle that a planner named
 * becomes the value that it stands for, and what was answered in quarantine is bounded as its schema says.
 */
export function openArguments(tree: Arguments, request: JsonObject, quarantine?: Quarantine): OpenedArguments {
  const requested = new Set<string>();
  collectLeaves(request, requested);
  const provenance: Provenance[] = [];
  let label = BOTTOM;

  const walk = (node: ArgumentValue, path: string, under: Label | null, place: Place | null): Json => {
    if (node instanceof Labelled) {
      label = join(label, node.label);
      const value: unknown = open(node);
      if (value === undefined) {
        throw new PortreeveError('bad_input', `The argument ${path} points at a value that is not there.`);
      }
      assertJson(value);
      return walk(value, path, under === null ? node.label : join(under, node.label), placeOf(node, quarantine));
    }
    const named = place && typeof node === 'string' ? namedValue(node, path, place, quarantine) : null;
    if (named) return walk(named, path, under, null);
    // An empty list or object has no leaf, but says something too: nobody, or everybody.
    const isEmpty = typeof node === 'object' && node !== null && Object.keys(node).length === 0;
    if (isEmpty && under !== null) {
      provenance.push({ path, ...(boundedOrigin(node as Json, under, place) ?? originOf(null, under, requested)) });
    }
    if (Array.isArray(node)) {
      return node.map((item, index) => walk(item, `${path}/${index}`, under, partOf(place, String(index))));
    }
    if (typeof node === 'object' && node !== null) {
      return Object.fromEntries(
        Object.entries(node).map(([key, item]) => [
          key,
          walk(item, `${path}/${pointerPart(key)}`, under, partOf(place, pointerPart(key))),
        ]),
      );
    }
    const leaf = node as null | boolean | number | string;
    const origin = originOf(leaf, under, requested);
    const bounded = origin.kind === 'request' || under === null ? null : boundedOrigin(leaf, under, place);
    provenance.push({ path, ...(bounded ?? origin) });
    return leaf;
  };

  const args = walk(tree, '', null, null) as JsonObject;
  assertJson(args);
  return { args, provenance, label };
}

function originOf(
  leaf: null | boolean | number | string,
  label: Label | null,
  requested: ReadonlySet<string>,
): Pick<Provenance, 'kind' | 'origins'> {
  if (requested.has(leafKey(leaf))) return { kind: 'request', origins: ['request'] };
  if (label === null) return { kind: 'constant', origins: [] };
  const origins = [...label.origins];
  if (origins.some((origin) => origin.startsWith('model:'))) return { kind: 'model', origins };
  if (label.integrity !== 'untrusted') return { kind: 'trusted-record', origins };
  return { kind: 'untrusted-document', origins };
}

/**
 * Sinks (by kind) that hold a value which came neither from the request, nor from code, nor from a trusted record. What was
 * answered in quarantine may choose among values that reviewed files list, but not how much.
 */
export function untrustedSinks(
  contract: ToolContract,
  provenance: readonly Provenance[],
): ('recipient' | 'target' | 'amount' | 'payload')[] {
  const kinds = contract.sinks
    .filter((sink) =>
      provenance.some(
        (leaf) =>
          (leaf.path === sink.path || leaf.path.startsWith(`${sink.path}/`)) &&
          (leaf.kind === 'model' ||
            leaf.kind === 'untrusted-document' ||
            (leaf.kind === 'bounded' && (leaf.carries !== 'choice' || sink.kind === 'amount'))),
      ),
    )
    .map((sink) => sink.kind);
  return [...new Set(kinds)].sort();
}

/** Every string of the arguments: where evidence ids are looked for. */
export function stringsOf(args: JsonObject): Set<string> {
  const found = new Set<string>();
  const walk = (node: Json): void => {
    if (typeof node === 'string') found.add(node);
    else if (Array.isArray(node)) for (const item of node) walk(item);
    else if (typeof node === 'object' && node !== null) for (const item of Object.values(node)) walk(item as Json);
  };
  walk(args);
  return found;
}

function collectLeaves(node: Json, into: Set<string>): void {
  if (Array.isArray(node)) for (const item of node) collectLeaves(item, into);
  else if (typeof node === 'object' && node !== null)
    for (const item of Object.values(node)) collectLeaves(item as Json, into);
  // Short or empty values stand everywhere by chance; they prove no origin.
  else if (typeof node === 'string' && node.length >= 4) into.add(leafKey(node));
}

const leafKey = (leaf: unknown): string => `${typeof leaf}:${String(leaf)}`;
const pointerPart = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');
