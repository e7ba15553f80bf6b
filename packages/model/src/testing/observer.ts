import { draft, type RecordData, type RecordDraft, type RecordType, SYSTEM_ACTOR } from '@portreeve/contract';
import { memoryAuditWriter, memoryUnitOfWork } from '@portreeve/contract/testing';
import type { ModelObserver } from '../ports.ts';

/** An observer that keeps what it is told, each checked against the schema of its record type. */
export function memoryObserver(): ModelObserver & {
  types(): RecordType[];
  of<T extends RecordType>(type: T): RecordDraft<T>[];
  failWith(error: Error | null): void;
} {
  const audit = memoryAuditWriter();
  const { tx } = memoryUnitOfWork();
  const keep = <T extends RecordType>(type: T, data: RecordData<T>) =>
    audit.append(tx, [draft<T>({ type, actor: SYSTEM_ACTOR, data }) as RecordDraft]);
  return {
    types: audit.types,
    of: audit.of,
    failWith: audit.failWith,
    async answered(facts, validated) {
      await keep('model.answered', facts);
      if (validated) await keep('output.validated', validated);
    },
    attemptFailed: (facts) => keep('model.attempt_failed', facts),
    failed: (facts) => keep('model.failed', facts),
    rejected: (facts) => keep('output.rejected', facts),
  };
}
