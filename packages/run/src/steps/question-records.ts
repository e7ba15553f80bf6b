import type { RecordDraft } from '@portreeve/contract';
import type { sendQuestion } from '../send-question.ts';
import { decisionRefs } from './endings.ts';
import type { RunScope } from './scope.ts';

type Way = Omit<Parameters<typeof sendQuestion>[2], 'ask'>;

/** What is decided and found on a question's way, as records: kept until something is sent, or until they are taken. */
export function questionRecords(
  { record, write }: Pick<RunScope, 'record' | 'write'>,
  { prompt, key, injection }: { prompt: string; key: string; injection: number },
): { readonly way: Way; take(): RecordDraft[] } {
  const drafts: RecordDraft[] = [];
  const way: Way = {
    refused({ endpoint, deidentified, decision, request }) {
      const refused = { prompt, endpoint, deidentified, decision, request };
      const refs = decisionRefs(decision);
      const of = `${key}:refused:${endpoint}:${deidentified}`;
      drafts.push(record('endpoint.refused', refused, { outcome: decision.outcome, refs, key: of }));
    },
    unhidden(reason) {
      const of = `${key}:unhidden:${drafts.length}`;
      drafts.push(record('deidentification.failed', { prompt, reason }, { key: of }));
    },
    passed({ endpoint, call, code, reason }) {
      const over = { prompt, endpoint, call, code, reason };
      drafts.push(record('endpoint.passed_over', over, { outcome: code, key: `${key}:passed:${endpoint}` }));
    },
    async sending({ assembly, hidden, judged: { decision, request, endpoint } }) {
      const deidentified = hidden && { ...hidden.replaced };
      const assembled = record(
        'prompt.assembled',
        { ...assembly.record, endpoint, deidentified, injection, decision, request },
        { outcome: decision.outcome, refs: decisionRefs(decision), key: `${key}:${endpoint}` },
      );
      await write(...drafts.splice(0), assembled);
    },
  };
  return { way, take: () => drafts.splice(0) };
}
