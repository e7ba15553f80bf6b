import { z } from 'zod';

/** How far a value's origin is trusted, best first. A join keeps the worst. */
export const INTEGRITY = ['trusted', 'internal', 'untrusted'] as const;
export type Integrity = (typeof INTEGRITY)[number];

/** How secret a value is, least first. A join keeps the most. */
export const CONFIDENTIALITY = ['public', 'internal', 'confidential', 'restricted'] as const;
export type Confidentiality = (typeof CONFIDENTIALITY)[number];

/** What kind of data it is, besides its level (requirement A2). A join keeps all. */
export const CATEGORIES = ['personal', 'health', 'payment', 'credential', 'customer'] as const;
export type Category = (typeof CATEGORIES)[number];

/** Where a value comes from: the names of sources, `request`, or evidence ids. A join keeps all. */
export const labelSchema = z.strictObject({
  integrity: z.enum(INTEGRITY),
  confidentiality: z.enum(CONFIDENTIALITY),
  categories: z.array(z.enum(CATEGORIES)).transform(sortedUnique),
  origins: z.array(z.string().min(1).max(128)).max(4096).transform(sortedUnique),
});

/**
 * The label of a value: a product lattice of integrity, confidentiality, categories and origins. `categories` and
 * `origins` are sorted and without repeats, so that equal labels have equal canonical JSON.
 */
export interface Label {
  readonly integrity: Integrity;
  readonly confidentiality: Confidentiality;
  readonly categories: readonly Category[];
  readonly origins: readonly string[];
}

/** The label of a constant that the workflow's own code wrote. It is the neutral element of {@link join}. */
export const BOTTOM: Label = { integrity: 'trusted', confidentiality: 'public', categories: [], origins: [] };

/** Least upper bound: associative, commutative, idempotent, with {@link BOTTOM} neutral. Labels only rise. */
export function join(...labels: readonly Label[]): Label {
  let integrity = 0;
  let confidentiality = 0;
  const categories = new Set<Category>();
  const origins = new Set<string>();
  for (const label of labels) {
    integrity = Math.max(integrity, INTEGRITY.indexOf(label.integrity));
    confidentiality = Math.max(confidentiality, CONFIDENTIALITY.indexOf(label.confidentiality));
    for (const category of label.categories) categories.add(category);
    for (const origin of label.origins) origins.add(origin);
  }
  return {
    integrity: INTEGRITY[integrity]!,
    confidentiality: CONFIDENTIALITY[confidentiality]!,
    categories: [...categories].sort(),
    origins: [...origins].sort(),
  };
}

/** Whether data labelled `low` may flow where `high` is allowed. A partial order whose join is {@link join}. */
export function flowsTo(low: Label, high: Label): boolean {
  return (
    INTEGRITY.indexOf(low.integrity) <= INTEGRITY.indexOf(high.integrity) &&
    CONFIDENTIALITY.indexOf(low.confidentiality) <= CONFIDENTIALITY.indexOf(high.confidentiality) &&
    low.categories.every((category) => high.categories.includes(category)) &&
    low.origins.every((origin) => high.origins.includes(origin))
  );
}

/** The confidential half of a label. Without a transform, so that the API can answer with it. */
export const secrecySchema = z.strictObject({
  confidentiality: z.enum(CONFIDENTIALITY),
  categories: z.array(z.enum(CATEGORIES)),
});

/** What a sink, a model endpoint or a reader may receive: a level, and the categories it is cleared for. */
export const clearanceSchema = z.strictObject({
  confidentiality: z.enum(CONFIDENTIALITY),
  categories: z.array(z.enum(CATEGORIES)).default([]),
});
export type Clearance = z.infer<typeof clearanceSchema>;

/** Whether a clearance covers the confidentiality half of a label. */
export function covers(clearance: Clearance, label: Pick<Label, 'confidentiality' | 'categories'>): boolean {
  return (
    CONFIDENTIALITY.indexOf(label.confidentiality) <= CONFIDENTIALITY.indexOf(clearance.confidentiality) &&
    label.categories.every((category) => clearance.categories.includes(category))
  );
}

/** A label as plain data of its own, for records and policy requests. */
export function labelData(label: Label): z.infer<typeof labelSchema> {
  return { ...label, categories: [...label.categories], origins: [...label.origins] };
}

function sortedUnique<T extends string>(items: T[]): T[] {
  return [...new Set(items)].sort();
}
