import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { api } from '../api/client.ts';
import type { RunRecord } from '../api/live-run.ts';
import { MAIN_LOG, placeOf } from '../api/place.ts';
import { useMay } from '../api/session.ts';
import { Link } from '../app/link.tsx';
import { checkReplay, pinnedKey } from '../proof/check.ts';
import { Page, Panel } from '../ui/page.tsx';
import { Failure, Loading } from '../ui/states.tsx';
import { Whole } from '../ui/text.tsx';
import { StageBar, Timeline } from '../ui/timeline.tsx';

/** One run as the log has it, every record checked in this browser against one signed checkpoint. */
export function Replay(): ReactNode {
  const { run } = useParams({ strict: false }) as { run: string };
  const may = useMay();
  const replay = useQuery({
    queryKey: ['replay', run],
    queryFn: async ({ signal }) => {
      const answer = await api.call('GET /v1/audit/replay/:run', { params: { run }, signal });
      return { answer, checked: await checkReplay(answer), key: pinnedKey(answer.vkey) };
    },
    enabled: may('audit.read'),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const { answer, checked, key } = replay.data ?? {};
  const records = (answer?.records ?? []).map((record) => recordOf(record, answer?.log));
  return (
    <Page
      title="A run, from the log"
      needs="audit.read"
      lead={<Whole>{run}</Whole>}
      actions={
        may('runs.read') ? (
          <Link to={`/runs/${run}`} className="button">
            The run itself
          </Link>
        ) : null
      }
    >
      {replay.isPending ? <Loading what="the records" /> : null}
      {replay.isError ? <Failure error={replay.error} retry={() => void replay.refetch()} /> : null}
      {checked && key ? (
        <div className="stack">
          <p className={checked.fault || !key.ok ? 'note bad' : 'note good'} role="status">
            {checked.fault ??
              (key.ok
                ? `Intact: all ${records.length} records stand unchanged in the signed log of ${checked.size} records. This browser has checked each.`
                : 'The records are intact, but the log’s key is not the one that this browser knows.')}
          </p>
          <div className="panel">
            <StageBar records={records} />
          </div>
          <Panel title="What the log says">
            <Timeline records={records} linked faults={checked.faults} />
          </Panel>
        </div>
      ) : null}
    </Page>
  );
}

function recordOf(
  { index, entry, payload }: { index: number; entry: string; payload: string | null },
  log: string | undefined,
): RunRecord {
  const content = payload === null ? null : (JSON.parse(payload) as { actor_name: string; data: RunRecord['data'] });
  return {
    place: placeOf(log ?? MAIN_LOG, index),
    entry: JSON.parse(entry),
    actor_name: content?.actor_name ?? null,
    data: content?.data ?? null,
  };
}
