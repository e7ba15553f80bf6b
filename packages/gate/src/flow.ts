import type { FlowFacts, Proposal, Provenance, ToolContract } from '@portreeve/contract';
import { type Slot, slotOf } from './provenance/trace.ts';

type Asked = Pick<Proposal, 'provenance' | 'influence' | 'intent' | 'quarantined_bits' | 'unreviewed'>;

/** What policy is told of how information flowed into a proposal (requirements D5, D6). It follows from what is digested. */
export function flowOf(proposal: Asked, contract: ToolContract): FlowFacts {
  const leaves = proposal.provenance.map((leaf) => ({ leaf, slot: slotOf(leaf.path, contract) }));
  const isTainted = proposal.influence.integrity === 'untrusted';
  return {
    author: proposal.intent === undefined ? 'code' : 'model',
    foreseen: proposal.intent !== 'unforeseen',
    tainted: isTainted,
    destructive: contract.destructive === true,
    egress: contract.egress === true,
    amount: leaves.some(({ leaf, slot }) => slot === 'amount' && leaf.kind !== 'constant'),
    chosen_sinks: kindsWhere(leaves, (leaf, slot) => slot !== 'payload' && isChosen(leaf)),
    holder: holderOf(leaves, contract),
    payload: payloadOf(leaves),
    capacity_bits: capacityOf(proposal),
    unreviewed: proposal.unreviewed !== undefined,
  };
}

/** Of a workflow's run, each bounded value is part of an answer of quarantine, and those are counted as wholes. */
function capacityOf({ intent, quarantined_bits = 0, provenance }: Asked): number {
  const bounded = provenance.reduce((sum, leaf) => sum + (leaf.kind === 'bounded' ? (leaf.bits ?? 0) : 0), 0);
  return intent === undefined ? Math.max(quarantined_bits, bounded) : quarantined_bits + bounded;
}

/**
 * Sinks (by kind) that hold a value of no trusted origin. What a model made that has seen nothing untrusted may name a
 * recipient or an amount, for nobody could have put it there; an object that it acts on must be a known one.
 */
export function untrustedSinksOf(proposal: Asked, contract: ToolContract): Slot[] {
  const isTainted = proposal.influence.integrity === 'untrusted';
  return kindsWhere(
    proposal.provenance.map((leaf) => ({ leaf, slot: slotOf(leaf.path, contract) })),
    (leaf, slot) => !isTrusted(leaf, slot) && (isTainted || slot === 'target'),
  );
}

interface Placed {
  readonly leaf: Provenance;
  readonly slot: Slot;
}

function kindsWhere(leaves: readonly Placed[], holds: (leaf: Provenance, slot: Slot) => boolean): Slot[] {
  return [...new Set(leaves.filter(({ leaf, slot }) => holds(leaf, slot)).map(({ slot }) => slot))].sort();
}

/** The request says it, or names the record that it is of. */
function isNamed(leaf: Provenance): boolean {
  if (leaf.kind === 'request' || leaf.kind === 'constant') return true;
  if (leaf.kind === 'trusted-record') return leaf.derivation === 'named-record';
  // Of an untrusted record only the identifier, and only as the object that is acted on, or as a reference to one.
  return leaf.kind === 'untrusted-document' && leaf.derivation === 'named-record';
}

/** A number that the requester's reckoning gives, from numbers of records that the request names. */
const isReckoned = (leaf: Provenance) =>
  leaf.kind === 'bounded' && leaf.derivation !== undefined && leaf.derivation !== 'choice';

const isChosen = (leaf: Provenance) => leaf.kind === 'trusted-record' && leaf.derivation !== 'named-record';

function isTrusted(leaf: Provenance, slot: Slot): boolean {
  // Who was asked to approve wrote it, having seen where the rest came from.
  if (leaf.kind === 'reviewer') return true;
  if (isNamed(leaf) || (leaf.kind === 'trusted-record' && leaf.carries === undefined)) return true;
  return (slot === 'amount' || slot === 'payload') && isReckoned(leaf);
}

function holderOf(leaves: readonly Placed[], contract: ToolContract): FlowFacts['holder'] {
  const present = leaves.filter(({ leaf, slot }) => slot !== 'payload' && leaf.kind !== 'constant');
  if (!present.every(({ leaf, slot }) => isNamed(leaf) || (slot === 'amount' && isReckoned(leaf)))) return 'other';
  const kinds = new Set(present.map(({ slot }) => slot));
  if (kinds.has('recipient')) return 'recipient';
  if (kinds.has('target')) return 'object';
  // A new thing of the requester's own, called what the request calls it.
  const isTitled = leaves.some(({ leaf, slot }) => slot === 'payload' && leaf.kind === 'request' && leaf.spans?.length);
  if (!isTitled || kinds.size > 0) return 'other';
  const declares = contract.sinks.some((sink) => sink.kind === 'recipient');
  return declares ? 'private' : contract.effect === 'write' ? 'object' : 'other';
}

const PAYLOADS = ['none', 'trusted', 'passage', 'bounded', 'words', 'steering'] as const;

function payloadOf(leaves: readonly Placed[]): FlowFacts['payload'] {
  const places = leaves
    .filter(({ slot }) => slot === 'payload')
    .map(({ leaf, slot }) => {
      if (leaf.kind === 'constant') return 0;
      if (isTrusted(leaf, slot)) return 1;
      if (leaf.kind === 'bounded' && leaf.carries === undefined) return 3;
      if (leaf.carries === 'passage') return 2;
      return leaf.carries === 'words' ? 4 : 5;
    });
  return PAYLOADS[Math.max(0, ...places)]!;
}
