import { type CheckParseAnswer, preparsePolicySet, preparseSchema } from '@cedar-policy/cedar-wasm/nodejs';
import { type Digest, LAYERS, type Layer } from '@portreeve/contract';
import type { Rule } from './rules.ts';
import { POLICY_SCHEMA } from './schema.ts';

/** How many different policy versions stay parsed in one process. More work too; they are parsed again when used. */
export const SLOTS_MAX = 32;

export const SCHEMA_SLOT = 'portreeve/schema';

/** Which rules of a layer are asked: all, or its permits alone. */
export type RuleSet = 'all' | 'permits';

export const setName = (slot: string, layer: Layer, set: RuleSet) => `${slot}/${layer}/${set}`;

// Cedar keeps what it has parsed under a name and has no way to drop it; a name that is used again is replaced. So names
// come from a fixed pool, and each slot belongs to one policy version (a digest), least recently used first in the map.
const slotByVersion = new Map<Digest, string>();
const freeSlots = Array.from({ length: SLOTS_MAX }, (_, index) => `portreeve/${index}`);
let schemaIsParsed = false;

/**
 * The slot that holds these rules, parsed. The answer is good until the next call: use it in the same turn. Engines with
 * one version share a slot.
 */
export function slotFor(version: Digest, rules: readonly Rule[]): string {
  const resident = slotByVersion.get(version);
  if (resident !== undefined) {
    slotByVersion.delete(version);
    slotByVersion.set(version, resident);
    return resident;
  }
  const slot = freeSlots.pop() ?? evictOldest();
  try {
    parseInto(slot, rules);
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

function parseInto(slot: string, rules: readonly Rule[]): void {
  if (!schemaIsParsed) {
    must(preparseSchema(SCHEMA_SLOT, POLICY_SCHEMA), 'the schema');
    schemaIsParsed = true;
  }
  for (const layer of LAYERS) {
    const all = rules.filter((rule) => rule.layer === layer);
    const permits = all.filter((rule) => rule.effect === 'permit');
    must(preparsePolicySet(setName(slot, layer, 'all'), policySet(all)), layer);
    must(preparsePolicySet(setName(slot, layer, 'permits'), policySet(permits)), layer);
  }
}

const policySet = (rules: readonly Rule[]) => ({
  staticPolicies: Object.fromEntries(rules.map((rule) => [rule.id, rule.policy])),
});

function must(answer: CheckParseAnswer, what: string): void {
  if (answer.type === 'failure')
    throw new Error(`Cedar cannot parse ${what}: ${answer.errors.map((error) => error.message).join('; ')}`);
}
