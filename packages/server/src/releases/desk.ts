import {
  type AuditWriter,
  type ChangePiece,
  type Clock,
  type Digest,
  isPortreeveError,
  type JsonObject,
  newId,
  ownerGroups,
  PortreeveError,
  type Principal,
  type ProposalId,
  rollBackRelease,
  stageRelease,
  type ToolContract,
  type UnitOfWork,
  type WorkflowContract,
} from '@portreeve/contract';
import type { Gate, GateResult } from '@portreeve/gate';
import { type ChangeStore, evidenceDigests, type Releases, type StoredRelease, toldTo } from '@portreeve/govern';
import type { ReleaseRequests } from '../store/release-requests.ts';
import { type Asked, askedOf, askOwners, goesOn, NEVER_ASKED_MS } from './ask-owners.ts';
import type { Comparisons } from './compare-apart.ts';
import type { Pilots } from './pilots.ts';
import { planMove } from './plan-move.ts';
import { openReleaseChange } from './release-change.ts';

/** Where a request stands for whoever made it. */
export interface DeskAnswer extends Asked {
  readonly release: Digest;
}

/**
 * Where people ask that a release be staged, put into production, or taken back into it. Each is a proposal of a tool of the
 * house, so that policy, the workflow's owners, the grant and the record are those of every action (requirement H1).
 */
export function createDesk(deps: {
  readonly releases: Releases;
  readonly pilots: Pilots;
  readonly requests: ReleaseRequests;
  readonly gate: Pick<Gate, 'submit' | 'resume' | 'get'>;
  readonly active: 'folder' | 'promoted';
  /** What the project's files say of a workflow. */
  readonly declared: (workflow: string) => WorkflowContract | null;
  readonly comparisons: Pick<Comparisons, 'needed'>;
  readonly changes: ChangeStore;
  readonly audit: AuditWriter;
  readonly uow: UnitOfWork;
  readonly clock: Clock;
  readonly log: (level: 'error', message: string, error: unknown) => void;
}) {
  const { releases, requests, gate, active, clock } = deps;

  /**
   * Asks for the next state of a release on its way to production, or the next step of its rollout. Throws `release_not_ready` with all that it lacks, for the step of its
   * rollout that it is in, too.
   */
  async function promote(release: Digest, reason: string, by: Principal): Promise<DeskAnswer> {
    const found = await releases.get(release);
    const { tool, args } = await planMove(deps, found);
    if (tool !== stageRelease) assertPromoted();
    const errors = await releases.gaps(release);
    if (errors.length > 0)
      throw new PortreeveError('release_not_ready', `${release} cannot go on: ${errors[0]?.message}.`, { errors });
    const replaced = await inProduction(found.workflow);
    const inForce = await contractInForce(found.workflow);
    const pieces = await openReleaseChange(deps, { found, replaced, inForce, reason, by });
    return ask(found, tool, reason, by, {
      ...{ workflow: found.workflow, risk: found.contract.tier, release, reason },
      replaces: replaced?.release ?? null,
      evidence: evidenceDigests(await releases.evidence(release)),
      looser: looserOf(pieces),
      ...args,
    });
  }

  /** Asks that new runs take a release again that was in production before: the one before this, unless one is named. */
  async function rollBack(workflow: string, to: Digest | null, reason: string, by: Principal): Promise<DeskAnswer> {
    assertPromoted();
    const current = await inProduction(workflow);
    const target = to ?? (await releases.before(workflow));
    if (!target)
      throw new PortreeveError('conflict', `No other release of ${workflow} was in production that may be again.`, {
        next: 'Promote one: `portreeve release promote`.',
      });
    const found = await releases.get(target);
    if (found.workflow !== workflow) throw new PortreeveError('bad_request', `${target} is of ${found.workflow}.`);
    return ask(found, rollBackRelease, reason, by, {
      ...{ workflow, release: target, reason },
      replaces: current?.release ?? null,
    });
  }

  function assertPromoted(): void {
    if (active === 'promoted') return;
    throw new PortreeveError('conflict', 'This installation runs what the files of its project are.', {
      next: "Set `releases: { active: 'promoted' }` in portreeve.config.ts, and start the server again.",
    });
  }

  /**
   * INVARIANT: who agrees are the owners that hold now. A release does not name the people who let it in: the first one is
   * let in by those whom the project's own files name.
   */
  async function contractInForce(workflow: string): Promise<WorkflowContract> {
    const contract = (await inProduction(workflow))?.contract ?? deps.declared(workflow);
    if (!contract) throw new PortreeveError('unknown_workflow', `This installation runs no workflow ${workflow}.`);
    return contract;
  }

  async function inProduction(workflow: string): Promise<StoredRelease | null> {
    return (await releases.list({ workflow, state: 'production', limit: 1 }))[0] ?? null;
  }

  async function ask(
    { release, workflow }: StoredRelease,
    tool: ToolContract,
    reason: string,
    by: Principal,
    args: JsonObject,
  ): Promise<DeskAnswer> {
    const proposal = newId('proposal', clock);
    const asked_at = clock.now().toISOString();
    const request = { proposal, release, tool: tool.name, asked_by: by.id, asked_at, ending: null };
    // Before the proposal: who stops in between leaves a request of nothing, and no proposal that nobody carries on.
    await requests.insert(request);
    const inForce = await contractInForce(workflow);
    const wish = { proposal, tool, args, reason, by, owners: ownerGroups(inForce.owners) };
    const result = await askOwners(gate, { ...wish, timeout_minutes: inForce.approval_timeout_minutes });
    return settled(request, result);
  }

  async function settled(
    { proposal, release, tool }: { readonly proposal: ProposalId; readonly release: Digest; readonly tool: string },
    result: GateResult,
  ): Promise<DeskAnswer> {
    if (!goesOn(result)) await requests.end(proposal, result.status);
    return { ...askedOf({ proposal, tool }, result), release };
  }

  /** Carries on what waits, and gives up what was never proposed. */
  async function settleDue(): Promise<void> {
    for (const request of await requests.open(DUE_MAX)) {
      try {
        if (await gate.get(request.proposal)) await settled(request, await gate.resume(request.proposal));
        else if (clock.now().getTime() - Date.parse(request.asked_at) > NEVER_ASKED_MS)
          await requests.end(request.proposal, 'never_asked');
      } catch (error) {
        if (!isPortreeveError(error, 'unavailable'))
          deps.log('error', `${request.proposal} cannot be carried on`, error);
      }
    }
  }

  return { promote, rollBack, settleDue, of: requests.of };
}

export type Desk = ReturnType<typeof createDesk>;

const LINES_MAX = 50;
const LINE_MAX = 400;
const DUE_MAX = 50;

/** What loosens, for the people who approve. */
const looserOf = (pieces: readonly ChangePiece[]): string[] =>
  toldTo(pieces, false)
    .filter(({ loosens }) => loosens)
    .slice(0, LINES_MAX)
    .map(({ area, text }) => `${area}: ${text}`.slice(0, LINE_MAX));
