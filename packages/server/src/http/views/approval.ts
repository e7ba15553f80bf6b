import { suspiciousKinds } from '@portreeve/context';
import {
  type Approval,
  type ApprovalState,
  asId,
  type Decision,
  type Evidence,
  type JsonObject,
  type Label,
  PortreeveError,
  type PreviewView,
  type Principal,
  type Proposal,
  type Provenance,
  type RecordData,
  type RunId,
  readPreview,
} from '@portreeve/contract';
import { type ExplainedArgument, explainArguments } from '@portreeve/gate';
import type { Services } from '../../services.ts';

type SourceFinding = { readonly source: string } & RecordData<'source.read'>['findings'][number];

export interface LikeActions {
  readonly looked_at: number;
  readonly closed: Readonly<Record<Exclude<ApprovalState, 'pending'>, number>>;
  readonly last: { readonly approval: string; readonly state: string; readonly at: string } | null;
}

/** All that a person needs in order to decide (requirement F3). Nothing is shortened. */
export interface ApprovalView {
  readonly approval: Approval;
  readonly workflow: { readonly name: string; readonly title: string; readonly tier: string };
  readonly requester: Principal;
  readonly run: string | null;
  readonly tool: {
    readonly name: string;
    readonly version: string;
    readonly title: string;
    readonly description: string;
    readonly tier: number;
    readonly effect: string;
    readonly reversible: boolean;
  };
  readonly args: JsonObject;
  /** Where policy narrowed what was asked for: by which profiles, and what it was before. */
  readonly narrowed: { readonly profiles: readonly string[]; readonly asked: JsonObject } | null;
  /** Where a reviewer amended it: the approval that this one takes the place of, what it asked for, and who changed it. */
  readonly amends: { readonly approval: string; readonly asked: JsonObject; readonly by: readonly string[] } | null;
  /** The approval that took the place of this one. */
  readonly amended_by: string | null;
  readonly provenance: readonly Provenance[];
  /** Each argument with the passages of the evidence that it came from, and what was noticed in them. */
  readonly arguments: readonly ExplainedArgument[];
  readonly influence: Label;
  /** The highest injection score of what went into it, per mille: a signal, and no guarantee rests on it. */
  readonly injection: number;
  /** What was noticed in what its run had read and its agents were answered, such as hidden text or what looks like orders. */
  readonly findings: readonly SourceFinding[];
  readonly rationale: string;
  readonly evidence: readonly Evidence[];
  /** What it would do, as a dry run saw it, or why there is none; null where the tool offers none. */
  readonly preview: PreviewView | null;
  readonly decision: Decision;
  /** How the newest approvals of the same tool ended. */
  readonly history: LikeActions;
  readonly digest: string;
  readonly on_denial: string;
  /** What whoever decides is to know of all approvals. */
  readonly note: string | null;
}

export async function approvalView(services: Services, approval: Approval): Promise<ApprovalView> {
  const stored = await services.gate.get(approval.proposal);
  if (!stored) throw new PortreeveError('not_found', `The proposal of ${approval.id} is missing.`);
  const { proposal, contract, workflow } = stored;
  const origins = proposal.provenance.flatMap((leaf) => leaf.spans?.map((span) => span.origin) ?? []);
  const ids = [...new Set([...proposal.evidence, ...origins.filter((origin) => origin.startsWith('ev_'))])];
  const evidence = proposal.run
    ? await services.evidence(
        proposal.run,
        ids.map((id) => asId('evidence', id)),
      )
    : [];
  const loaded = services.workflows.find((each) => each.definition.contract.name === workflow.name);
  return {
    approval,
    workflow: { name: workflow.name, title: loaded?.definition.contract.title ?? workflow.name, tier: workflow.tier },
    requester: proposal.principal,
    run: proposal.run,
    tool: {
      name: contract.name,
      version: contract.version,
      title: contract.title,
      description: contract.description,
      tier: contract.tier,
      effect: contract.effect,
      reversible: contract.undo !== 'irreversible',
    },
    args: proposal.args,
    narrowed: stored.narrowed,
    amends: await amendsOf(services, proposal.amends),
    amended_by: stored.amended_by && ((await services.gate.get(stored.amended_by))?.approval ?? null),
    provenance: proposal.provenance,
    influence: proposal.influence,
    injection: stored.injection,
    findings: proposal.run ? await findingsOf(services, proposal.run) : [],
    rationale: proposal.rationale,
    arguments: explainArguments(
      proposal,
      evidence.map((item) => ({ origin: item.id, value: item.fields })),
      suspiciousKinds,
    ),
    evidence: evidence.filter((item) => proposal.evidence.includes(item.id)),
    preview: await previewOf(services, approval),
    decision: stored.decision,
    history: await historyOf(services, contract.name),
    digest: proposal.digest,
    on_denial: 'The action is not carried out. The run goes on knowing that it was denied, and ends.',
    note: services.plantingNote,
  };
}

async function amendsOf({ gate }: Services, amends: Proposal['amends']): Promise<ApprovalView['amends']> {
  const before = amends && (await gate.get(amends.proposal));
  return before?.approval ? { approval: before.approval, asked: before.proposal.args, by: amends?.by ?? [] } : null;
}

async function previewOf({ approvals, clock }: Services, approval: Approval): Promise<PreviewView | null> {
  const shown = await approvals.preview(approval);
  if (!shown || approval.preview_digest === null) return null;
  const age_ms = clock.now().getTime() - Date.parse(shown.made_at);
  return {
    digest: approval.preview_digest,
    age_s: Math.max(0, Math.floor(age_ms / 1000)),
    shown,
    ...readPreview(shown),
  };
}

const LIKE_ACTIONS = 50;

async function historyOf({ audit }: Services, tool: string): Promise<LikeActions> {
  const { records } = await audit.search({ type: 'approval.closed', tool, limit: LIKE_ACTIONS });
  const closed = { approved: 0, denied: 0, expired: 0, withdrawn: 0, amended: 0 };
  for (const { entry } of records)
    if (Object.hasOwn(closed, entry.outcome)) closed[entry.outcome as keyof typeof closed]++;
  const newest = records[0]?.entry;
  const last = newest ? { approval: newest.refs.approval ?? '', state: newest.outcome, at: newest.time } : null;
  return { looked_at: records.length, closed, last };
}

const READINGS_MAX = 100;

async function findingsOf({ audit }: Services, run: RunId): Promise<SourceFinding[]> {
  const { records } = await audit.search({ run, types: ['source.read', 'tool.answered'], limit: READINGS_MAX });
  return records.flatMap(({ payload }) => {
    const data = payload?.data as RecordData<'source.read'> | RecordData<'tool.answered'> | undefined;
    if (data === undefined) return [];
    const source = 'source' in data ? data.source : data.tool;
    return data.findings.map((finding) => ({ source, ...finding }));
  });
}
