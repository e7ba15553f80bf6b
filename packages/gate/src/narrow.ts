import {
  canonicalJson,
  type Json,
  type JsonObject,
  type Narrowing,
  type Proposal,
  type Provenance,
  proposalDigest,
  type Remedy,
  type ToolContract,
} from '@portreeve/contract';
import { argumentErrors } from './wish.ts';

/** What a policy's narrowing makes of a proposal. */
export interface Narrowed {
  readonly proposal: Proposal;
  readonly profiles: readonly string[];
}

/**
 * The proposal as the profiles of these remedies leave it, under the same id and with a digest of its own. `null` where the
 * tool has no such profile, where nothing changes (it would be refused for the same reason again), or where the arguments no
 * longer fit the contract.
 */
export function narrow(proposal: Proposal, contract: ToolContract, remedies: readonly Remedy[]): Narrowed | null {
  const profiles = remedies.flatMap((remedy) => (remedy.kind === 'narrow' ? [remedy.profile] : []));
  if (profiles.length === 0 || !profiles.every((name) => Object.hasOwn(contract.profiles, name))) return null;
  const tree = wrap(proposal.args, '', new Map(proposal.provenance.map((each) => [each.path, each]))) as Branch;
  for (const name of profiles) for (const step of contract.profiles[name]!) apply(tree, step);
  const provenance: Provenance[] = [];
  const args = unwrap(tree, '', provenance) as JsonObject;
  if (canonicalJson(args) === canonicalJson(proposal.args) || argumentErrors(contract, args).length > 0) return null;
  const changed = { ...proposal, args, provenance };
  return { proposal: { ...changed, digest: proposalDigest(changed) }, profiles };
}

/** A value with where it came from: both move together when a list gets shorter. */
class Leaf {
  readonly value: null | boolean | number | string;
  readonly provenance: Omit<Provenance, 'path'>;
  constructor(value: Leaf['value'], provenance: Leaf['provenance']) {
    this.value = value;
    this.provenance = provenance;
  }
}
type Node = Leaf | Node[] | Branch;
interface Branch {
  [name: string]: Node;
}

const BY_POLICY: Leaf['provenance'] = { kind: 'constant', origins: ['policy'] };

function wrap(value: Json, path: string, known: ReadonlyMap<string, Provenance>): Node {
  if (Array.isArray(value)) return value.map((item, index) => wrap(item, `${path}/${index}`, known));
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    return Object.fromEntries(entries.map(([name, item]) => [name, wrap(item, `${path}/${toPart(name)}`, known)]));
  }
  const { path: _path, ...provenance } = known.get(path) ?? { path, ...BY_POLICY };
  return new Leaf(value, provenance);
}

function unwrap(node: Node, path: string, provenance: Provenance[]): Json {
  if (node instanceof Leaf) {
    provenance.push({ path, ...node.provenance } as Provenance);
    return node.value;
  }
  if (Array.isArray(node)) return node.map((item, index) => unwrap(item, `${path}/${index}`, provenance));
  const entries = Object.entries(node);
  return Object.fromEntries(entries.map(([name, item]) => [name, unwrap(item, `${path}/${toPart(name)}`, provenance)]));
}

function apply(tree: Branch, step: Narrowing): void {
  const names = step.path.slice(1).split('/').map(fromPart);
  const last = names.pop()!;
  let parent: Node | undefined = tree;
  for (const name of names) parent = childOf(parent, name);
  if (parent === undefined || parent instanceof Leaf || Array.isArray(parent)) return;
  const now = childOf(parent, last);
  switch (step.do) {
    case 'cap':
      if (now instanceof Leaf && typeof now.value === 'number' && now.value > step.max)
        parent[last] = new Leaf(step.max, BY_POLICY);
      return;
    case 'set':
      if (now === undefined || canonicalJson(plain(now)) !== canonicalJson(step.to))
        parent[last] = wrap(step.to, '', new Map());
      return;
    case 'keep': {
      const kept = new Set(step.members.map((member) => canonicalJson(member)));
      if (Array.isArray(now)) parent[last] = now.filter((item) => kept.has(canonicalJson(plain(item))));
      return;
    }
    case 'drop':
      if (now !== undefined) delete parent[last];
  }
}

function childOf(node: Node | undefined, name: string): Node | undefined {
  if (node === undefined || node instanceof Leaf || !Object.hasOwn(node, name)) return undefined;
  return (node as Branch)[name];
}

const plain = (node: Node): Json => unwrap(node, '', []);
const toPart = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');
const fromPart = (part: string): string => part.replaceAll('~1', '/').replaceAll('~0', '~');
