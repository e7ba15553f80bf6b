/**
 * The logs for a process that only adds to them: it holds no signing key, never leads, and cannot sign a head. It is apart from
 * `index.ts`, so that such a process has nothing loaded that signs (requirement F7).
 */
import type { AuditWriter, Clock, RecordDraft, Tx, UnitOfWork } from '@portreeve/contract';
import type { KeyRing } from './keys/key-ring.ts';
import { payloadSealer } from './keys/sealer.ts';
import type { SubjectDirectory } from './keys/subjects.ts';
import { draftsByLog, type LogRoutes } from './log-routes.ts';
import type { AuditStore, Redactor } from './ports.ts';
import { stageDrafts, stageIn } from './stage-drafts.ts';

export { createKeyRing, type KeyRing } from './keys/key-ring.ts';
export { seal, unseal } from './keys/sealed.ts';
export { type TextSealer, textSealer } from './keys/sealer.ts';
export { HOUSE, type SubjectDirectory, subjectDirectory, subjectName } from './keys/subjects.ts';
export { type WordTokens, wordTokens } from './keys/words.ts';
export type { LogRoutes } from './log-routes.ts';
export type { AuditStore } from './ports.ts';
export { createRedactor } from './redact/redactor.ts';

/** Stages records, durable with their transaction. The process that leads the log gives them their place. */
export function createAuditWriter(parts: {
  readonly store: Pick<AuditStore, 'stage'>;
  readonly uow: UnitOfWork;
  readonly redactor: Redactor;
  /** What payloads are sealed with, and for whom. */
  readonly keys: { readonly ring: KeyRing; readonly subjects: SubjectDirectory };
  readonly routes: LogRoutes;
  readonly clock: Clock;
}): AuditWriter {
  const { store, uow, routes } = parts;
  const sealer = payloadSealer(parts.keys.ring, parts.keys.subjects);
  const stage = async (tx: Tx, drafts: readonly RecordDraft[]): Promise<void> => {
    for (const [log, own] of draftsByLog(drafts, routes)) {
      const staged = await stageDrafts(own, sealer, { ...parts, log });
      await stageIn(tx, store, log, staged);
    }
  };
  return {
    async append(tx, drafts) {
      if (drafts.length > 0) await stage(tx, drafts);
    },
    record: (drafts) => uow.transaction((tx) => stage(tx, drafts)),
  };
}
