import { z } from 'zod';
import { type Digest, digestOf, digestSchema, jsonObjectSchema } from './canonical.ts';
import { idSchema, nameSchema } from './ids.ts';
import { labelSchema } from './labels.ts';
import { principalSchema } from './principal.ts';

/**
 * How a value follows from what it came from, where it does not stand there letter by letter. The list is closed: what
 * follows in any other way counts as made by a model. `named-record`: a member of a record that the request names.
 */
export const DERIVATIONS = [
  'letters',
  'date',
  'sum',
  'difference',
  'percentage',
  'share',
  'choice',
  'named-record',
  'split',
] as const;
export type Derivation = (typeof DERIVATIONS)[number];

/** What text of untrusted making carries: `address` leads somewhere or stands for something (a link, an account, an id). */
export const CARRIED = ['passage', 'words', 'choice', 'address'] as const;
export type Carried = (typeof CARRIED)[number];

/** A passage of a source: characters `start` to `end` (UTF-16, end not included) of the text at the JSON pointer `at`. */
export const spanSchema = z.strictObject({
  origin: z.string().max(128),
  at: z.string().max(512),
  start: z.int().min(0),
  end: z.int().min(0),
});
export type Span = z.infer<typeof spanSchema>;

/** Where one argument's value came from (requirement D6). */
export const provenanceSchema = z.strictObject({
  /** JSON pointer into the arguments. */
  path: z.string().max(512),
  /** `reviewer`: who was asked to approve wrote it, having seen the rest; its origin is that person. */
  kind: z.enum(['constant', 'request', 'reviewer', 'trusted-record', 'untrusted-document', 'bounded', 'model']),
  /** Evidence ids, source names, the model call that made it, or the person who wrote it. */
  origins: z.array(z.string().max(128)).max(4096),
  spans: z.array(spanSchema).max(8).optional(),
  derivation: z.enum(DERIVATIONS).optional(),
  /** How much could be said by choosing this value, in whole bits; absent where there is no bound. */
  bits: z.int().min(0).max(65_536).optional(),
  carries: z.enum(CARRIED).optional(),
});
export type Provenance = z.infer<typeof provenanceSchema>;

/** `foreseen`: declared before anything untrusted was read, and not used up. */
export const INTENT_FACTS = ['foreseen', 'unforeseen'] as const;

/** How often what was proposed may be amended before somebody has to say yes or no. */
export const AMENDMENTS_MAX = 8;

/** What a proposal took the place of, and who amended it since it was first proposed, one after the other. */
export const amendsSchema = z.strictObject({
  proposal: idSchema('proposal'),
  digest: digestSchema,
  by: z.array(idSchema('principal')).min(1).max(AMENDMENTS_MAX),
});
export type Amends = z.infer<typeof amendsSchema>;

export const proposalSchema = z.strictObject({
  id: idSchema('proposal'),
  run: idSchema('run').nullable(),
  workflow: nameSchema,
  release: digestSchema,
  principal: principalSchema,
  tool: nameSchema,
  tool_version: z.string().max(16),
  args: jsonObjectSchema,
  rationale: z.string().max(4000),
  /** The evidence that the proposal rests on. */
  evidence: z.array(idSchema('evidence')).max(10_000),
  /** The join of all that the proposal was made from. */
  influence: labelSchema,
  provenance: z.array(provenanceSchema).max(1000),
  /** Of an outside session: whether its intent foresaw this. Absent where reviewed code of a workflow chose the action. */
  intent: z.enum(INTENT_FACTS).optional(),
  /**
   * Bits that were read in quarantine so far: by an outside session, or by a workflow's run whose action may rest on them.
   */
  quarantined_bits: z.int().min(0).optional(),
  /** Prompts that made part of it and whose review rule asks that a person looks first; absent where there are none. */
  unreviewed: z.array(nameSchema).min(1).max(64).optional(),
  /** Absent where nobody amended it. */
  amends: amendsSchema.optional(),
  digest: digestSchema,
});
export type Proposal = z.infer<typeof proposalSchema>;

/**
 * The digest that approval, grant and execution carry (design, invariant 5): RFC 8785 and SHA-256 over tool, tool
 * version, arguments, labels, principal and release. The verdict and the grant add the proposal's id.
 */
export function proposalDigest(
  proposal: Pick<Proposal, 'tool' | 'tool_version' | 'args' | 'influence' | 'provenance' | 'principal' | 'release'> &
    Partial<Pick<Proposal, 'intent' | 'quarantined_bits' | 'unreviewed' | 'amends'>>,
): Digest {
  return digestOf({
    v: 1,
    tool: proposal.tool,
    tool_version: proposal.tool_version,
    args: proposal.args,
    labels: {
      influence: proposal.influence,
      provenance: proposal.provenance,
      ...(proposal.intent ? { intent: proposal.intent } : {}),
      ...(proposal.quarantined_bits === undefined ? {} : { quarantined_bits: proposal.quarantined_bits }),
      ...(proposal.unreviewed === undefined ? {} : { unreviewed: proposal.unreviewed }),
    },
    principal: { id: proposal.principal.id, act: proposal.principal.act.map((actor) => actor.id) },
    release: proposal.release,
    ...(proposal.amends === undefined ? {} : { amends: proposal.amends }),
  });
}

/** The origin of what a person gave back of a hand-off. */
export const personOrigin = (id: string): string => `person:${id}`;

/**
 * Everybody who asks for it: whose right it is, who acts for them, who wrote what it was made from, and who amended it. None
 * of them may approve it.
 */
export function requestersOf({
  principal,
  amends,
  influence,
}: Pick<Proposal, 'principal' | 'amends' | 'influence'>): string[] {
  const wrote = influence.origins.flatMap((origin) => /^person:(prn_.+)$/.exec(origin)?.[1] ?? []);
  return [...new Set([principal.id, ...principal.act.map((actor) => actor.id), ...wrote, ...(amends?.by ?? [])])];
}

export const PROPOSAL_STATES = [
  'proposed',
  'refused',
  'awaiting_approval',
  'approved',
  'denied',
  // A reviewer proposed other arguments: another proposal has taken its place.
  'amended',
  'granted',
  'succeeded',
  'failed',
  // Nobody knows yet whether it took effect, and the house is finding out: by the status tool, or once more by the same key.
  'settling',
  'retrying',
  // Nobody knows, and a person must find out.
  'unknown',
] as const;
export type ProposalState = (typeof PROPOSAL_STATES)[number];
