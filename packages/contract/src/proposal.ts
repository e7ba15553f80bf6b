import { z } from 'zod';
import { type Digest, digestOf, digestSchema, jsonObjectSchema } from './canonical.ts';
import { idSchema, nameSchema } from './ids.ts';
import { labelSchema } from './labels.ts';
import { principalSchema } from './principal.ts';

/** Where one argument's value came from (requirement D6). */
export const provenanceSchema = z.strictObject({
  /** JSON pointer into the arguments. */
  path: z.string().max(512),
  kind: z.enum(['constant', 'request', 'trusted-record', 'untrusted-document', 'bounded', 'model']),
  /** Evidence ids, source names, or the model call that made it. */
  origins: z.array(z.string().max(128)).max(4096),
});
export type Provenance = z.infer<typeof provenanceSchema>;

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
  digest: digestSchema,
});
export type Proposal = z.infer<typeof proposalSchema>;

/**
 * The digest that approval, grant and execution carry (design, invariant 5): RFC 8785 and SHA-256 over tool, tool
 * version, arguments, labels, principal and release. The verdict and the grant add the proposal's id.
 */
export function proposalDigest(
  proposal: Pick<Proposal, 'tool' | 'tool_version' | 'args' | 'influence' | 'provenance' | 'principal' | 'release'>,
): Digest {
  return digestOf({
    v: 1,
    tool: proposal.tool,
    tool_version: proposal.tool_version,
    args: proposal.args,
    labels: { influence: proposal.influence, provenance: proposal.provenance },
    principal: { id: proposal.principal.id, act: proposal.principal.act.map((actor) => actor.id) },
    release: proposal.release,
  });
}

export const PROPOSAL_STATES = [
  'proposed',
  'refused',
  'awaiting_approval',
  'approved',
  'denied',
  'granted',
  'succeeded',
  'failed',
  'unknown',
] as const;
export type ProposalState = (typeof PROPOSAL_STATES)[number];
