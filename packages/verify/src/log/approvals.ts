import type { Entry, Payload } from './entry.ts';
import type { VerdictStatement } from './verdict.ts';

interface Requested {
  readonly proposal_digest: unknown;
  readonly preview: Preview | null;
}
interface Preview {
  readonly digest: unknown;
  readonly proposal: unknown;
  readonly execution: unknown;
}

/** Compares what was signed with what was asked, and with the dry run that the approver was shown. */
export interface ApprovalChecks {
  see(entry: Entry, payload: Payload | null): void;
  /**
   * What of the statement of a verdict is not as it was asked: a sentence without its subject, or `null`. `whole`: all
   * records of the log were seen so far, so that a dry run that was not seen is not on record.
   */
  fault(statement: VerdictStatement, whole: boolean): string | null;
}

export function approvalChecks(): ApprovalChecks {
  const requestedById = new Map<string, Requested>();
  /** Executions that succeeded, and of which proposal. */
  const succeeded = new Map<string, unknown>();
  return {
    see({ type, refs, outcome }, payload) {
      if (type === 'execution.result' && typeof refs.execution === 'string' && outcome === 'succeeded')
        succeeded.set(refs.execution, refs.proposal);
      if (type !== 'approval.requested' || payload === null || typeof refs.approval !== 'string') return;
      const { proposal_digest, preview } = payload.data;
      requestedById.set(refs.approval, { proposal_digest, preview: (preview as Preview | undefined) ?? null });
    },
    fault(statement, whole) {
      const requested = requestedById.get(statement.approval);
      // Erased, or not among the records of a selection.
      if (!requested) return null;
      const { preview } = requested;
      if (statement.proposal_digest !== requested.proposal_digest)
        return 'was signed for another proposal than was asked';
      if ((statement.preview_digest ?? null) !== (preview?.digest ?? null))
        return 'was signed for another preview than its approver was shown';
      const executed = preview?.execution;
      if (whole && typeof executed === 'string' && succeeded.get(executed) !== preview?.proposal)
        return 'was signed for a preview whose dry run is not on record';
      return null;
    },
  };
}
