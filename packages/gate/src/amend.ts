import {
  AMENDMENTS_MAX,
  type Clock,
  canonicalJson,
  fieldErrors,
  type Json,
  type JsonObject,
  NotCanonical,
  newId,
  PortreeveError,
  type Principal,
  type Proposal,
  type Provenance,
  proposalDigest,
  proposalSchema,
  type ToolContract,
} from '@portreeve/contract';
import type { StoredProposal } from './ports.ts';
import { argumentErrors, assertRecordable, type Submission } from './wish.ts';

/** What a reviewer wants done in place of what they were asked about. */
export interface Amendment {
  readonly args: JsonObject;
  /** Why, for those who decide on it. */
  readonly reason: string;
  readonly by: Principal;
}

/**
 * The proposal that takes another's place: the same tool, requester and release, the arguments as the reviewer wants them.
 * What they left as it was keeps where it came from; what they wrote is theirs. The influence stays: they wrote it having
 * seen what they were shown. Throws `bad_input` where the arguments do not fit, `bad_request` where nothing changes,
 * `refused` where it is no proposal of the kind that is amended.
 */
export function amended(stored: StoredProposal, { args, by, reason }: Amendment, clock: Clock): Proposal {
  const { proposal, contract } = stored;
  assertAmendable(stored);
  assertFits(contract, args);
  if (canonicalJson(args) === canonicalJson(proposal.args))
    throw new PortreeveError('bad_request', 'These are the arguments that it has.', {
      next: 'Approve it, or deny it.',
    });
  const earlier = proposal.amends?.by ?? [];
  if (earlier.length >= AMENDMENTS_MAX)
    throw new PortreeveError('refused', `It was amended ${AMENDMENTS_MAX} times.`, { next: 'Deny it.' });
  const known = new Map(proposal.provenance.map((leaf) => [leaf.path, leaf]));
  const provenance: Provenance[] = [];
  collect(args, proposal.args, '', { known, by: by.id, into: provenance });
  const body = {
    ...proposal,
    id: newId('proposal', clock),
    args,
    provenance,
    rationale: `${by.name} amended it: ${reason}`.slice(0, 4000).toWellFormed(),
    amends: { proposal: proposal.id, digest: proposal.digest, by: [...earlier, by.id] },
  };
  const parsed = proposalSchema.safeParse({ ...body, digest: proposalDigest(body) });
  if (!parsed.success)
    throw new PortreeveError('bad_input', 'With these arguments it is no proposal.', {
      errors: fieldErrors(parsed.error),
    });
  assertRecordable(parsed.data, contract);
  return parsed.data;
}

/** What is decided on anew: the same in all but the proposal. */
export function submissionOf(stored: StoredProposal, proposal: Proposal): Submission {
  const { workflow, contract, approval_timeout_minutes, history, injection, companions, planted } = stored;
  return {
    ...{ proposal, workflow, contract, approval_timeout_minutes, history, injection },
    tools: companions,
    preview_of: null,
    serves: null,
    planted,
    hidden: false,
  };
}

function assertAmendable({ state, serves, preview_of, contract }: StoredProposal): void {
  if (state !== 'awaiting_approval')
    throw new PortreeveError('approval_closed', `What it asks for is ${state}: nothing is left to amend.`);
  if (serves !== null || preview_of !== null)
    throw new PortreeveError('refused', 'It takes something back, as its contract says, and has no other arguments.', {
      next: 'Approve it, or deny it.',
    });
  // Whoever asked holds the arguments that they asked with, and would act on those.
  if (contract.binding.connector === 'caller')
    throw new PortreeveError('refused', 'Its caller carries it out, with the arguments that it asked for.', {
      next: 'Deny it, with what you want instead as the reason; the agent asks anew.',
    });
}

function assertFits(contract: ToolContract, args: JsonObject): void {
  const errors = argumentErrors(contract, args);
  if (errors.length > 0)
    throw new PortreeveError('bad_input', `The arguments do not fit the contract of ${contract.name}.`, { errors });
}

interface Collecting {
  readonly known: ReadonlyMap<string, Provenance>;
  readonly by: string;
  readonly into: Provenance[];
}

/** INVARIANT: a value keeps its provenance only in the place where it stood, unchanged, with the same shape around it. */
function collect(now: Json, before: Json | undefined, path: string, to: Collecting): void {
  const children = childrenOf(now);
  if (children.length > 0) {
    const alike = Array.isArray(now) === Array.isArray(before);
    const were = new Map(alike && before !== undefined ? childrenOf(before) : []);
    for (const [name, item] of children) collect(item, were.get(name), `${path}/${name}`, to);
    return;
  }
  const kept = before !== undefined && same(now, before) ? to.known.get(path) : undefined;
  // Nothing that code wrote is in the provenance where it is an empty list or object.
  to.into.push(kept ?? { path, kind: 'reviewer', origins: [to.by] });
}

function childrenOf(value: Json): [string, Json][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).map(([name, item]) => [name.replaceAll('~', '~0').replaceAll('/', '~1'), item as Json]);
}

function same(now: Json, before: Json): boolean {
  try {
    return canonicalJson(now) === canonicalJson(before);
  } catch (error) {
    if (error instanceof NotCanonical) return false;
    throw error;
  }
}
