import { CATEGORIES, CONFIDENTIALITY } from './labels.ts';
import { type ToolContract, toolContractSchema } from './workflow.ts';

/** What a relabelling releases is bounded: a person must be able to read the whole of it. */
const VALUE = {
  anyOf: [
    { type: 'string', maxLength: 2000 },
    // Where cents are still exact. The widest integers bound nothing: a schema library writes them for any number.
    { type: 'number', minimum: -1e13, maximum: 1e13 },
    { type: 'boolean' },
    { type: 'array', maxItems: 50, items: { type: 'string', maxLength: 200 } },
  ],
};
const PURPOSE = { type: 'string', minLength: 3, maxLength: 400 };

const shared = {
  version: '1.0',
  tier: 3,
  effect: 'write',
  result: { type: 'object' },
  sinks: [{ path: '/value', kind: 'payload' }],
  clearance: { confidentiality: 'restricted', categories: [...CATEGORIES] },
  undo: 'irreversible',
  timeout_ms: 1000,
  idempotency: 'key',
  audience: 'urn:portreeve:relabel',
  binding: { connector: 'relabel' },
} as const;

/**
 * Lowers the confidentiality of one value (invariant 7: labels only rise, and lowering one is an action through the gate).
 * A workflow that declares it among its tools proposes it like any other: tier 3, so a person sees the whole value and
 * approves that it may go further. The result of the action is the value with the lower label.
 */
export const declassifyValue: ToolContract = toolContractSchema.parse({
  ...shared,
  name: 'declassify_value',
  title: 'Declassify a value',
  description: 'Lets one value be used where only less secret data may go. The value itself does not change.',
  args: {
    type: 'object',
    additionalProperties: false,
    required: ['value', 'to', 'purpose'],
    properties: {
      value: VALUE,
      to: {
        type: 'object',
        additionalProperties: false,
        required: ['confidentiality', 'categories'],
        properties: {
          confidentiality: { enum: [...CONFIDENTIALITY] },
          categories: { type: 'array', items: { enum: [...CATEGORIES] }, uniqueItems: true },
        },
      },
      purpose: PURPOSE,
    },
  },
});

/**
 * Raises the integrity of one value to `internal`: a person has looked at it and stands for it. The other half of
 * {@link declassifyValue}, under the same rules.
 */
export const endorseValue: ToolContract = toolContractSchema.parse({
  ...shared,
  name: 'endorse_value',
  title: 'Endorse a value',
  description: 'A person stands for one value that came from an untrusted origin. The value itself does not change.',
  args: {
    type: 'object',
    additionalProperties: false,
    required: ['value', 'purpose'],
    properties: { value: VALUE, purpose: PURPOSE },
  },
});
