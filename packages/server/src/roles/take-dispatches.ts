import { type AuditWriter, actorOf, draft, isPortreeveError, type Proposal, SYSTEM_ACTOR } from '@portreeve/contract';
import type { Executor } from '@portreeve/execute';
import type { ToolContracts } from '../config/tool-contracts.ts';
import type { Dispatch, Dispatches } from '../store/dispatches.ts';
import { type TakeWork, takeWork } from './take-work.ts';

/**
 * Takes the grants that are for this executor's key and uses each. The proposal is read here, and nothing in it is believed:
 * the executor compares it with the signed grant, and the contract comes from this process's own files.
 */
export function takeDispatches(options: {
  readonly dispatches: Dispatches;
  readonly proposals: { proposal(id: Dispatch['proposal']): Promise<Proposal | null> };
  readonly contracts: Pick<ToolContracts, 'find'>;
  readonly use: Pick<Executor, 'execute'>;
  readonly audit: AuditWriter;
  /** The thumbprint of this executor's key, and the name of this process. */
  readonly jkt: string;
  readonly instance: string;
  readonly log: (level: 'error', message: string, error: unknown) => void;
}): TakeWork {
  const { dispatches, proposals, contracts, use, audit, jkt, instance, log } = options;

  return takeWork({
    take: (limit) => dispatches.take(jkt, instance, limit),
    carry: carryOut,
    failed: (dispatch, error) => {
      const what = dispatch ? `grant ${dispatch.grant} could not be carried out` : 'grants could not be taken';
      log('error', what, error);
    },
  });

  async function carryOut({ grant, proposal: id, token }: Dispatch): Promise<void> {
    try {
      const proposal = await proposals.proposal(id);
      const contract = proposal && contracts.find(proposal.workflow, proposal.release, proposal.tool);
      if (!proposal || !contract) return await refuseUnknown(grant, proposal);
      await use.execute({ token, proposal, contract });
    } catch (error) {
      if (!isPortreeveError(error)) throw error;
      // Where the call was made and only its result could not be written, the execution counts and this is not looked at.
      await dispatches.refuse(grant, { code: error.code, detail: error.detail });
    } finally {
      await dispatches.tell(grant);
    }
  }

  async function refuseUnknown(grant: Dispatch['grant'], proposal: Proposal | null): Promise<void> {
    const detail = proposal
      ? `The executor has not loaded ${proposal.tool} of this release of ${proposal.workflow}.`
      : 'There is no proposal for this grant.';
    await audit.record([
      draft({
        type: 'grant.refused',
        actor: proposal ? actorOf(proposal.principal) : SYSTEM_ACTOR,
        refs: proposal ? { ...refsOf(proposal), grant } : { grant },
        outcome: 'grant_mismatch',
        data: { code: 'grant_mismatch', reason: detail },
      }),
    ]);
    await dispatches.refuse(grant, { code: 'grant_mismatch', detail });
  }
}

const refsOf = ({ id, tool, workflow, release, run }: Proposal) => ({
  ...{ proposal: id, tool, workflow, release },
  ...(run ? { run } : {}),
});
