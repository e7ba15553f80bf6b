import {
  asId,
  type Digest,
  digestOf,
  type Evidence,
  type EvidencePlace,
  evidencePlaceSchema,
  idSchema,
  type JsonObject,
  jsonObjectSchema,
  type Label,
  Labelled,
  nameSchema,
} from '@portreeve/contract';
import { z } from 'zod';

/**
 * INVARIANT: only what this file made counts as evidence. A model's answer of the same shape is no evidence, so it
 * cannot bring an evidence id of its own choice into a prompt.
 */
const genuine = new WeakSet<object>();

/** The digest over source, position, fields and place. Its first digits stand in the evidence id. */
export function evidenceDigest({ source, position, fields, place }: Omit<Evidence, 'id'>): Digest {
  return digestOf({ source, position, fields, ...(place ? { place } : {}) });
}

/**
 * Makes one piece of evidence. The id (`ev_<position>-<8 digits of the digest>`) depends on nothing but source,
 * position, fields and place: reading the same item again gives the same id.
 */
export function makeEvidence(source: string, position: number, fields: JsonObject, place?: EvidencePlace): Evidence {
  const placed = place ? { place: Object.freeze({ ...place }) } : {};
  const digest = evidenceDigest({ source, position, fields, ...placed });
  const id = asId('evidence', `ev_${String(position).padStart(4, '0')}-${digest.slice('sha256:'.length, 15)}`);
  const evidence = Object.freeze({ id, source, position, fields: Object.freeze({ ...fields }), ...placed });
  genuine.add(evidence);
  return evidence;
}

/** The same piece without some fields, or with others in their place: it keeps its id, under which it was recorded. */
export function withoutFields(evidence: Evidence, gone: ReadonlySet<string>): Evidence {
  return withFields(evidence, Object.fromEntries(Object.entries(evidence.fields).filter(([name]) => !gone.has(name))));
}

export function withFields(evidence: Evidence, fields: JsonObject): Evidence {
  if (!genuine.has(evidence)) throw new TypeError('not evidence that was read from a source');
  const changed = Object.freeze({ ...evidence, fields: Object.freeze({ ...fields }) });
  genuine.add(changed);
  return changed;
}

/** Labels a list of genuine evidence; throws a `TypeError` where an item was not made by {@link makeEvidence}. */
export function labelEvidence(items: readonly Evidence[], label: Label): Labelled<readonly Evidence[]> {
  if (!items.every((item) => genuine.has(item))) throw new TypeError('not evidence that was read from a source');
  const list = Object.freeze([...items]);
  genuine.add(list);
  return new Labelled<readonly Evidence[]>(list, label);
}

/** The evidence that an opened value consists of (a labelled list, a part of one, or one item), else `null`. */
export function asEvidence(value: unknown): readonly Evidence[] | null {
  if (typeof value !== 'object' || value === null) return null;
  if (Array.isArray(value)) {
    const all = genuine.has(value) || (value.length > 0 && value.every((item) => isGenuine(item)));
    return all ? (value as Evidence[]) : null;
  }
  return isGenuine(value) ? [value as Evidence] : null;
}

function isGenuine(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && genuine.has(value);
}

const storedEvidenceSchema = z.array(
  z.strictObject({
    id: idSchema('evidence'),
    source: nameSchema,
    position: z.int().min(1),
    fields: jsonObjectSchema,
    place: evidencePlaceSchema.optional(),
    /** Fields that were there and were cleared: the id is that of the whole. */
    cleared: z.array(z.string()).optional(),
  }),
);

/** Evidence read back from the store: made anew, and refused where an id does not fit its content any more. */
export function restoreEvidence(stored: unknown): readonly Evidence[] {
  return storedEvidenceSchema.parse(stored).map(({ id, source, position, fields, place, cleared }) => {
    const evidence = makeEvidence(source, position, fields, place);
    if (evidence.id === id) return evidence;
    if (cleared === undefined) throw new TypeError(`evidence ${id} does not fit its content`);
    const left = Object.freeze({ ...evidence, id });
    genuine.add(left);
    return left;
  });
}

/** Stored evidence without some fields, as it is stored again. */
export function withoutStored(stored: unknown, gone: ReadonlySet<string>): unknown[] {
  return storedEvidenceSchema.parse(stored).map((item) => ({
    ...item,
    fields: Object.fromEntries(Object.entries(item.fields).filter(([name]) => !gone.has(name))),
    cleared: [
      ...new Set([...(item.cleared ?? []), ...Object.keys(item.fields).filter((name) => gone.has(name))]),
    ].sort(),
  }));
}
