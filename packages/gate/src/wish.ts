import {
  type Arguments,
  asId,
  assertJson,
  BOTTOM,
  canonicalJson,
  compileSchema,
  type Evidence,
  type EvidenceId,
  type FieldError,
  fieldErrors,
  type HistoryFacts,
  type JsonObject,
  join,
  type Label,
  type Labelled,
  NotCanonical,
  type PolicyRequest,
  PortreeveError,
  type Principal,
  type Proposal,
  type ProposalId,
  type Provenance,
  proposalDigest,
  proposalSchema,
  type Quarantine,
  type RunId,
  type ToolContract,
  type WorkflowFacts,
} from '@portreeve/contract';
import { open } from '@portreeve/contract/open';
import { openArguments, stringsOf, untrustedSinks } from './arguments.ts';
import { flowOf, untrustedSinksOf } from './flow.ts';
import type { HistoryAnswers } from './history.ts';
import { assertHouseTool } from './house-tool.ts';
import type { EnvironmentReader, Service, StoredProposal } from './ports.ts';
import { withPassages } from './provenance/passages.ts';
import { assertRelabels } from './relabel.ts';
import type { Session } from './session/types.ts';

/** What somebody wants done, before the gate has looked at it (requirement F1). */
export interface Wish {
  /** Chosen by the caller, the same for every repeat of the same wish. */
  readonly id: ProposalId;
  readonly run: RunId | null;
  readonly workflow: WorkflowFacts;
  readonly approval_timeout_minutes: number;
  /** What the workflow declares of its history. */
  readonly history: HistoryFacts;
  readonly release: string;
  readonly principal: Principal;
  readonly contract: ToolContract;
  /**
   * All tools of the workflow, as its release has them: a dry run may be one of them, and those that undo this one, or tell
   * what became of it, are kept with the proposal.
   */
  readonly tools: readonly ToolContract[];
  readonly args: Arguments;
  /** The trusted request that the wish serves: values that stand in it are the requester's own. */
  readonly request: JsonObject;
  /** How secret the request is, where its workflow says so: the code may have put any of it into any argument. */
  readonly request_secrecy?: Pick<Label, 'confidentiality' | 'categories'>;
  readonly rationale: string;
  readonly evidence: Labelled<readonly Evidence[]> | null;
  /** What the model that wishes it wrote before: it stands behind the rationale, as the model's. */
  readonly said?: Labelled<string>;
  /** The evidence that this model was shown: what it says and passes on carries the labels. */
  readonly shown?: readonly EvidenceId[];
  /**
   * The session that wishes it: it knows what the model had read, and what was declared before. One that can tell all that
   * it is may be sent to a gate in another process.
   */
  readonly session?: Pick<Session, 'judge'> & Partial<Pick<Session, 'snapshot'>>;
  /** What the run has read in quarantine. */
  readonly quarantine?: Quarantine;
  /** Prompts whose answers a person has to look at before anything of them is used. */
  readonly unreviewed?: readonly string[];
  /** What the workflow's code has seen of values that stand in no argument: which way it took may follow from them. */
  readonly seen?: readonly Label[];
  /** Arguments that are a value which a pseudonym stood for: where that value came from, not who repeated it. */
  readonly stoodFor: readonly Provenance[];
  /** The highest injection score of what went into it, per mille. */
  readonly injection: number;
  /** It tests who approves, and is never carried out. Where it is not to be shown, policy's question is a refusal. */
  readonly planted?: { readonly shown: boolean };
  /** Of a run that is a shadow: it is decided and recorded, asks nobody, and can never be carried out. */
  readonly shadow?: true;
  /** Where the house itself wishes it for the sake of another proposal. */
  readonly serves?: Service;
}

/** A proposal that nobody has decided on yet, with what it is decided by. */
export interface Submission
  extends Pick<
    StoredProposal,
    | 'proposal'
    | 'workflow'
    | 'contract'
    | 'approval_timeout_minutes'
    | 'history'
    | 'injection'
    | 'preview_of'
    | 'serves'
    | 'planted'
    | 'shadow'
  > {
  readonly tools: readonly ToolContract[];
  /** Planted, and to be seen by nobody: what is left of a planted run. */
  readonly hidden: boolean;
}

/** The wish as it is decided on. Throws `bad_input` where it is no proposal. */
export function toSubmission(wish: Wish): Submission {
  const { workflow, contract, approval_timeout_minutes, history, injection, tools } = wish;
  const proposal = toProposal(wish);
  return {
    ...{ proposal, workflow, contract, approval_timeout_minutes, history, injection, tools },
    preview_of: null,
    serves: wish.serves ?? null,
    planted: wish.planted !== undefined,
    hidden: wish.planted?.shown === false,
    ...(wish.shadow ? { shadow: true } : {}),
  };
}

/**
 * INVARIANT: one id is one wish. Throws `idempotency_mismatch` where what is known under the wish's id is for another tool,
 * or was asked with other arguments; what policy narrowed since counts as it was asked.
 */
export function assertSameWish({ contract, proposal, narrowed }: StoredProposal, wish: Wish): void {
  const { args } = openArguments(wish.args, wish.request, wish.quarantine);
  const sameTool = contract.name === wish.contract.name && contract.version === wish.contract.version;
  if (sameTool && canonicalJson(args) === canonicalJson(narrowed?.asked ?? proposal.args)) return;
  throw new PortreeveError('idempotency_mismatch', `${proposal.id} is the name of another action.`);
}

/**
 * Opens the wish and makes the proposal of it. Throws `bad_input` where the arguments do not fit the contract, or are
 * more or deeper than a proposal can carry.
 */
function toProposal(wish: Wish): Proposal {
  try {
    return makeProposal(wish);
  } catch (error) {
    if (!(error instanceof NotCanonical)) throw error;
    throw new PortreeveError(
      'bad_input',
      `The arguments of ${wish.contract.name} have no faithful form: ${error.message}.`,
    );
  }
}

function makeProposal(wish: Wish): Proposal {
  const opened = openArguments(wish.args, wish.request, wish.quarantine);
  const errors = argumentErrors(wish.contract, opened.args);
  if (errors.length > 0) {
    throw new PortreeveError('bad_input', `The arguments do not fit the contract of ${wish.contract.name}.`, {
      errors,
    });
  }
  const judged = wish.session?.judge(wish.id, wish.contract, opened.args);
  const shown = wish.shown ?? (wish.evidence ? open(wish.evidence).map((item) => item.id) : []);
  const named = stringsOf(opened.args);
  const cited = shown.filter((id) => named.has(id));
  // A handle that lost its lineage on the way, as where a pseudonym was put back beside it, must not be sent for its value.
  if (wish.quarantine && [...named].some((text) => text.includes('\u00abhandle:'))) {
    throw new PortreeveError(
      'bad_input',
      'An argument still names a handle in place of the value that it stands for.',
      {
        next: 'Take the part that holds the handle with `at`, and pass that.',
      },
    );
  }
  const label = join(
    opened.label,
    ...(judged ? [judged.influence] : []),
    ...(wish.said ? [wish.said.label] : []),
    ...(wish.seen ?? []),
    ...(wish.request_secrecy ? [{ ...BOTTOM, ...wish.request_secrecy, origins: ['request'] }] : []),
  );
  const influence = wish.evidence ? join(label, wish.evidence.label) : label;
  // A label keeps every origin through each join, so nothing that was made from such an answer is overlooked.
  const unreviewed = (wish.unreviewed ?? []).filter((prompt) => influence.origins.includes(`model:${prompt}`));
  assertRelabels(opened.args, influence, wish.contract);
  assertHouseTool(wish.contract, wish.workflow.name);
  const stoodFor = new Map(wish.stoodFor.map((leaf) => [leaf.path, leaf]));
  const body = {
    id: wish.id,
    run: wish.run,
    workflow: wish.workflow.name,
    release: wish.release,
    principal: wish.principal,
    tool: wish.contract.name,
    tool_version: wish.contract.version,
    args: opened.args,
    rationale: rationaleOf(wish),
    evidence: (cited.length > 0 ? cited : shown).map((id) => asId('evidence', id)),
    influence,
    provenance: judged
      ? [...judged.provenance]
      : withPassages(opened.provenance, opened.args, wish.evidence ? open(wish.evidence) : []).map((leaf) =>
          leaf.kind === 'request' ? leaf : (stoodFor.get(leaf.path) ?? leaf),
        ),
    ...(judged ? { intent: judged.intent, quarantined_bits: judged.quarantined_bits } : {}),
    ...(unreviewed.length > 0 ? { unreviewed: [...new Set(unreviewed)].sort() } : {}),
    ...(!judged && typeof wish.quarantine?.bits === 'number' ? { quarantined_bits: wish.quarantine.bits } : {}),
  };
  const parsed = proposalSchema.safeParse({ ...body, digest: proposalDigest(body as unknown as Proposal) });
  if (!parsed.success) {
    throw new PortreeveError('bad_input', `The wish to use ${wish.contract.name} is no proposal.`, {
      errors: fieldErrors(parsed.error),
    });
  }
  assertRecordable(parsed.data, wish.contract);
  return parsed.data;
}

/** Characters of what a model wrote that stand in a rationale. */
const SAID_CHARS_MAX = 3000;

/** Our words first, so that nobody takes the model's for ours; what is left out is counted. */
function rationaleOf({ rationale, said }: Wish): string {
  if (!said) return rationale;
  const words = open(said).toWellFormed();
  const left = words.length - SAID_CHARS_MAX;
  const shown = left > 0 ? `${words.slice(0, SAID_CHARS_MAX).toWellFormed()} (cut: ${left} characters)` : words;
  return `${rationale} The model wrote: ${shown}`;
}

/** Throws where a proposal has no faithful form on record. */
export function assertRecordable(proposal: Proposal, contract: ToolContract): void {
  // It is recorded two levels deeper than it is digested, within the request that a decision judged.
  assertJson({ data: { request: proposal } });
  if (Buffer.byteLength(JSON.stringify(proposal)) > PROPOSAL_BYTES_MAX) {
    throw new PortreeveError('bad_input', `The arguments of ${contract.name} are too large to be put on record.`, {
      next: `Propose less at once: ${PROPOSAL_BYTES_MAX} bytes with their provenance are the most.`,
    });
  }
}

/** A record holds a megabyte, and that of a decision holds the proposal with the reasons beside it. */
const PROPOSAL_BYTES_MAX = 640 * 1024;

const validators = new WeakMap<ToolContract, (value: unknown) => FieldError[]>();

/** How arguments fail to fit their contract; empty where they fit. */
export function argumentErrors(contract: ToolContract, args: JsonObject): FieldError[] {
  let validate = validators.get(contract);
  if (validate === undefined) {
    validate = compileSchema(contract.args);
    validators.set(contract, validate);
  }
  return validate(args);
}

/** What a recheck found of an approval. */
export type ToldApproval = Readonly<Record<'approvers' | 'groups' | 'by_passkey' | 'by_device', readonly string[]>> & {
  readonly confirmed: boolean;
};

/**
 * What policy would be asked of a wish that is never submitted: by a test of a workflow, say. Throws `bad_input` where the
 * wish is no proposal.
 */
export function requestOf(
  wish: Wish,
  environment: Pick<EnvironmentReader, 'facts'>,
  history: HistoryAnswers,
): PolicyRequest {
  return toPolicyRequest(toSubmission(wish), null, environment, history);
}

/** What policy is asked of a proposal, now or again. */
export function toPolicyRequest(
  stored: Pick<StoredProposal, 'proposal' | 'workflow' | 'contract' | 'injection'>,
  approval: ToldApproval | null,
  environment: Pick<EnvironmentReader, 'facts'>,
  history: HistoryAnswers,
): PolicyRequest {
  const { proposal, workflow, contract } = stored;
  return {
    kind: 'act',
    principal: proposal.principal,
    workflow,
    tool: {
      name: contract.name,
      version: contract.version,
      tier: contract.tier,
      effect: contract.effect,
      reversible: contract.undo !== 'irreversible',
      clearance: contract.clearance,
    },
    args: proposal.args,
    influence: proposal.influence,
    provenance: proposal.provenance,
    injection: stored.injection,
    untrusted_sinks:
      proposal.intent === undefined
        ? untrustedSinks(contract, proposal.provenance)
        : untrustedSinksOf(proposal, contract),
    flow: flowOf(proposal, contract),
    approval: approval && {
      approvers: [...approval.approvers],
      groups: [...approval.groups],
      ...(approval.by_passkey.length === 0 ? {} : { by_passkey: [...approval.by_passkey] }),
      ...(approval.by_device.length === 0 ? {} : { by_device: [...approval.by_device] }),
      ...(approval.confirmed ? { confirmed: true } : {}),
    },
    ...(Object.keys(history).length === 0 ? {} : { history }),
    environment: environment.facts({ effect: contract.effect, tier: contract.tier }),
  };
}
