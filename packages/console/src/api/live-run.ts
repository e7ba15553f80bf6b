import { useEffect, useState } from 'react';
import type { Answer } from './client.ts';
import { api } from './client.ts';

type Entry = Answer<'GET /v1/audit/records/:place'>['entry'];

/** One record of a run, as its stream gives it. */
export interface RunRecord {
  readonly place: string;
  readonly entry: Entry;
  readonly actor_name: string | null;
  readonly data: Readonly<Record<string, unknown>> | null;
  /** Of a refusal, as its stream gives it: the paragraph of the workflow's acceptable use that answers for it. */
  readonly acceptable_use?: string | null;
}

export type LiveState = 'connecting' | 'live' | 'ended' | 'broken';

/** The records of a run as they are written. A stream that breaks off is taken up behind what was seen. */
export function useLiveRun(id: string): { readonly records: readonly RunRecord[]; readonly state: LiveState } {
  const [records, setRecords] = useState<readonly RunRecord[]>([]);
  const [state, setState] = useState<LiveState>('connecting');
  useEffect(() => {
    let seen: RunRecord[] = [];
    let stopped = false;
    let source: EventSource | null = null;
    let again: ReturnType<typeof setTimeout> | undefined;
    const open = (): void => {
      const after = seen.at(-1)?.entry.index ?? -1;
      const stream = new EventSource(api.address('GET /v1/runs/:id/events', { params: { id }, query: { after } }));
      source = stream;
      stream.onopen = () => setState('live');
      const take = (event: MessageEvent<string>): void => {
        seen = [...seen, JSON.parse(event.data) as RunRecord];
        setRecords(seen);
        if (event.type !== 'run.ended') return;
        stopped = true;
        stream.close();
        setState('ended');
      };
      for (const type of STREAMED) stream.addEventListener(type, take);
      stream.onerror = () => {
        stream.close();
        if (stopped) return;
        setState('broken');
        again = setTimeout(open, 1500);
      };
    };
    setRecords([]);
    setState('connecting');
    open();
    return () => {
      stopped = true;
      clearTimeout(again);
      source?.close();
    };
  }, [id]);
  return { records, state };
}

/** The types of records that the story of a run is told with; each is an event of its own in the stream. */
const STREAMED: readonly Entry['type'][] = [
  ...(['run.submitted', 'run.admitted', 'run.refused', 'run.recovered', 'run.ended'] as const),
  ...(['source.read', 'source.refused', 'source.failed', 'prompt.assembled', 'endpoint.refused'] as const),
  ...(['tool.answered', 'tool.refused', 'prompt.refused'] as const),
  ...(['deidentification.failed', 'model.answered', 'model.failed', 'output.validated', 'output.rejected'] as const),
  ...(['arguments.restored', 'pseudonyms.erased', 'proposal.submitted', 'proposal.narrowed'] as const),
  ...(['decision.made', 'approval.requested', 'approval.verdict', 'approval.refused_verdict'] as const),
  ...(['approval.closed', 'grant.issued', 'grant.refused', 'execution.intent', 'execution.result'] as const),
  ...(['settlement.planned', 'settlement.tried', 'settlement.ended', 'undo.requested', 'undo.refused'] as const),
  ...(['undo.ended', 'unwinding.begun', 'unwinding.ended', 'notice.posted'] as const),
  ...(['handoff.opened', 'handoff.closed'] as const),
];
