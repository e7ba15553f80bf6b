import {
  type Clock,
  canonicalJson,
  digestOfText,
  dryRunContract,
  isPortreeveError,
  labelData,
  NotCanonical,
  PREVIEW_BYTES_MAX,
  type Preview,
  type PreviewGap,
  type Proposal,
  type ProposalId,
  previewForm,
  previewSchema,
  proposalDigest,
  type ToolContract,
  timeOfId,
} from '@portreeve/contract';
import { answerLabel } from './answer-label.ts';
import type { StoredProposal } from './ports.ts';
import { argumentErrors, type Submission } from './wish.ts';

export interface PreviewDeps {
  /** Carries the preview's own proposal through the gate, and gives how it stands; null where another process has it. */
  readonly carry: (wanted: Submission) => Promise<StoredProposal | null>;
  readonly clock: Clock;
}

/**
 * What a use of a tool would do, for the person who is asked about it (requirements F2, F3): null where its contract offers
 * no dry run. The dry run is a proposal of its own, which goes the way of every other: decided, granted, executed, recorded.
 * It is made once for each proposal, takes no longer than the tool's time-out, and asks nobody; whatever becomes of it,
 * the approval is requested. SPEC.md 19 to 22.
 *
 * Throws what the way itself throws where nothing can be recorded or kept: then there is no approval either.
 */
export async function makePreview(asked: Submission, deps: PreviewDeps): Promise<Preview | null> {
  const { contract, proposal } = asked;
  if (contract.dry_run === undefined) return null;
  const missing = (why: PreviewGap, text: string, id: ProposalId | null): Preview =>
    previewSchema.parse({ state: 'missing', why, text, proposal: id, made_at: deps.clock.now().toISOString() });
  let wanted: Submission | null;
  try {
    wanted = previewOf(asked);
  } catch (error) {
    if (!isPortreeveError(error, 'misconfigured')) throw error;
    return missing('misconfigured', `The dry run cannot be made: ${error.detail}`, null);
  }
  if (!wanted) return missing('misconfigured', 'The arguments do not fit the dry run that its contract offers.', null);
  const id = wanted.proposal.id;
  const stored = await within(contract.timeout_ms, deps.carry(wanted));
  if (stored === null)
    return missing(
      'late',
      `The dry run had not ended, and it is not waited for longer than the ${contract.timeout_ms} ms of the tool.`,
      id,
    );
  if (stored.preview_of !== proposal.id || stored.proposal.digest !== wanted.proposal.digest)
    return missing('outdated', 'A dry run was made before, of this proposal with other content.', id);
  switch (stored.state) {
    case 'succeeded':
      return shown(stored, wanted.contract) ?? missing('too_large', TOO_LARGE, id);
    case 'refused': {
      const reasons = stored.decision.reasons.map(({ text }) => text).join(' ');
      return missing('refused', `Policy did not let the dry run be made: ${reasons}`.slice(0, 4000), id);
    }
    case 'failed':
      return missing('failed', `The dry run failed: ${reasonOf(stored)}`.slice(0, 4000), id);
    case 'unknown':
      return missing('unknown', `It is not known how the dry run ended: ${reasonOf(stored)}`.slice(0, 4000), id);
    default:
      throw new TypeError(`a preview that is ${stored.state} has not ended`);
  }
}

/**
 * The proposal by which a dry run passes the gate: what will really be done, narrowed already, with where each value came
 * from. Its id follows from the id of what it previews, so that it is not made again after a crash. Null where the
 * arguments do not fit.
 */
function previewOf({ proposal, contract, workflow, tools, ...rest }: Submission): Submission | null {
  const dry = dryRunContract(contract, tools);
  if (!dry || argumentErrors(dry, proposal.args).length > 0) return null;
  const body: Proposal = {
    ...proposal,
    id: `prop_preview-${digestOfText(`preview of ${proposal.id}`).slice('sha256:'.length, -24)}` as ProposalId,
    tool: dry.name,
    tool_version: dry.version,
    rationale: `It shows beforehand what ${proposal.id} would do.`,
    // What only reads needs no intent of its own; what sends data out is judged by that of the whole.
    ...(proposal.intent !== undefined && dry.egress !== true ? { intent: 'foreseen' as const } : {}),
  };
  // A statement that is taken back is in scope where the statement is. A tool must be declared like any other.
  const inScope = contract.dry_run?.by === 'rollback' && workflow.tools.includes(contract.name);
  return {
    ...rest,
    tools: [],
    workflow: inScope ? { ...workflow, tools: [...workflow.tools, dry.name] } : workflow,
    // The person waits for the approval, so that it never takes longer than the call itself may.
    contract: { ...dry, timeout_ms: Math.min(dry.timeout_ms, contract.timeout_ms) },
    proposal: { ...body, digest: proposalDigest(body) },
    preview_of: proposal.id,
    serves: null,
    // Also of a planted one: it only looks, and a missing one would tell.
    planted: false,
    hidden: false,
  };
}

const TOO_LARGE = `The dry run gave more than the ${PREVIEW_BYTES_MAX} bytes that are shown, and no part is shown for the whole.`;

function shown(stored: StoredProposal, contract: ToolContract): Preview | null {
  const { proposal, execution, outcome } = stored;
  if (outcome?.state !== 'succeeded' || execution === null) throw new TypeError('a success has a result');
  if (Buffer.byteLength(JSON.stringify(outcome.result)) > PREVIEW_BYTES_MAX) return null;
  const preview = previewSchema.parse({
    state: 'made',
    tool: proposal.tool,
    tool_version: proposal.tool_version,
    proposal: proposal.id,
    execution,
    // When the call began, also where it is found again long after: a crash must not make it look younger.
    made_at: timeOfId(execution).toISOString(),
    label: labelData(answerLabel(proposal, { secrecy: contract.secrecy })),
    ...previewForm(contract.result),
    result: outcome.result,
  });
  try {
    canonicalJson(preview);
  } catch (error) {
    // Deeper by the preview itself than what can be digested.
    if (!(error instanceof NotCanonical)) throw error;
    return null;
  }
  return preview;
}

function reasonOf({ outcome }: StoredProposal): string {
  return outcome === null || outcome.state === 'succeeded' ? 'there is no outcome.' : outcome.reason;
}

/** The result, or null when the time is over: what is still under way ends by itself, recorded like any other. */
async function within<T>(ms: number, work: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((done) => {
    timer = setTimeout(() => done(null), ms);
  });
  // After the time is over nobody waits for it any more, for its error neither.
  work.catch(() => undefined);
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
