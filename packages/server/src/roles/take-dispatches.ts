import { type AuditWriter, actorOf, draft, isPortreeveError, type Proposal, SYSTEM_ACTOR } from '@portreeve/contract';
import type { Executor } from '@portreeve/execute';
import type { ToolContracts } from '../config/tool-contracts.ts';
import type { Dispatch, Dispatches } from '../store/dispatches.ts';

export interface TakeDispatches {
  /** Looks for grants now. */
  wake(): void;
  /** Takes no more, and resolves once what was taken has ended. */
  stop(): Promise<void>;
}

/** Calls in flight in one process at the most: what is beyond waits in the database, where another process may take it. */
const PARALLEL = 64;

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
}): TakeDispatches {
  const { dispatches, proposals, contracts, use, audit, jkt, instance, log } = options;
  const inFlight = new Set<Promise<void>>();
  let stopped = false;
  let again = false;
  let looking: Promise<void> | null = null;

  const wake = (): void => {
    if (stopped) return;
    again = true;
    looking ??= look()
      .catch((error: unknown) => log('error', 'grants could not be taken', error))
      .finally(() => {
        looking = null;
      });
  };

  async function look(): Promise<void> {
    while (again && !stopped && inFlight.size < PARALLEL) {
      again = false;
      for (const dispatch of await dispatches.take(jkt, instance, PARALLEL - inFlight.size)) {
        again = true;
        const one = carryOut(dispatch)
          .catch((error: unknown) => log('error', `grant ${dispatch.grant} could not be carried out`, error))
          .finally(() => {
            inFlight.delete(one);
            wake();
          });
        inFlight.add(one);
      }
    }
  }

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

  return {
    wake,
    async stop() {
      stopped = true;
      await looking;
      while (inFlight.size > 0) await Promise.all(inFlight);
    },
  };
}

const refsOf = ({ id, tool, workflow, run }: Proposal) => ({ proposal: id, tool, workflow, ...(run ? { run } : {}) });
