import { type CheckParseAnswer, preparsePolicySet, preparseSchema } from '@cedar-policy/cedar-wasm/nodejs';
import { type Digest, LAYERS, type Layer } from '@portreeve/contract';
import type { Rule } from './rules.ts';

/** How many different policy versions stay parsed in one process. More work too; they are parsed again when used. */
export const SLOTS_MAX = 32;

export const schemaName = (slot: string) => `${slot}/schema`;

/** Which rules of a layer are asked: all, its permits alone, or what is in shadow mode. */
export type RuleSet = 'all' | 'permits' | 'shadow-permits' | 'shadow-forbids';

export const setName = (slot: string, layer: Layer, set: RuleSet) => `${slot}/${layer}/${set}`;

// Cedar keeps what it has parsed under a name and has no way to drop it; a name that is used again is replaced. So names
// come from a fixed pool, and each slot belongs to one policy version (a digest), least recently used first in the map.
const slotByVersion = new Map<Digest, string>();
const freeSlots = Array.from({ length: SLOTS_MAX }, (_, index) => `portreeve/${index}`);

/**
 * The slot that holds these rules, parsed. The answer is good until the next call: use it in the same turn. Engines with
 * one version share a slot.
 */
export function slotFor(version: Digest, rules: readonly Rule[], schema: string): string {
  const resident = slotByVersion.get(version);
  if (resident !== undefined) {
    slotByVersion.delete(version);
    slotByVersion.set(version, resident);
    return resident;
  }
  const slot = freeSlots.pop() ?? evictOldest();
  try {
    parseInto(slot, rules, schema);
  } catch (error) {
    freeSlots.push(slot);
    throw error;
  }
  slotByVersion.set(version, slot);
  return slot;
}

function evictOldest(): string {
  const [version, slot] = slotByVersion.entries().next().value!;
  slotByVersion.delete(version);
  return slot;
}

function parseInto(slot: string, rules: readonly Rule[], schema: string): void {
  must(preparseSchema(schemaName(slot), schema), 'the schema');
  for (const layer of LAYERS) {
    const of = (mode: Rule['mode'], effect?: Rule['effect']) =>
      rules.filter((rule) => rule.layer === layer && rule.mode === mode && (effect ?? rule.effect) === rule.effect);
    const sets: Record<RuleSet, readonly Rule[]> = {
      all: of('enforce'),
      permits: of('enforce', 'permit'),
      'shadow-permits': of('shadow', 'permit'),
      'shadow-forbids': of('shadow', 'forbid'),
    };
    for (const [set, members] of Object.entries(sets))
      must(preparsePolicySet(setName(slot, layer, set as RuleSet), policySet(members)), layer);
  }
}

const policySet = (rules: readonly Rule[]) => ({
  staticPolicies: Object.fromEntries(rules.map((rule) => [rule.id, rule.policy])),
});

function must(answer: CheckParseAnswer, what: string): void {
  if (answer.type === 'failure')
    throw new Error(`Cedar cannot parse ${what}: ${answer.errors.map((error) => error.message).join('; ')}`);
}
