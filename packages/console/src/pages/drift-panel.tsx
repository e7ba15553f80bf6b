import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { type Answer, api } from '../api/client.ts';
import { Link } from '../app/link.tsx';
import { Panel } from '../ui/page.tsx';
import { percentOf } from '../ui/per-mille.ts';
import { Failure, Loading } from '../ui/states.tsx';
import { Text } from '../ui/text.tsx';
import { WholeTime } from '../ui/time.tsx';

type Report = Answer<'GET /v1/workflows/:name/drift'>;
type Alarm = Report['alarms'][number];

/** Whether what a workflow does has shifted, and which change is nearest. */
export function DriftPanel({ workflow }: { readonly workflow: string }): ReactNode {
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['drift', workflow],
    queryFn: ({ signal }) => api.call('GET /v1/workflows/:name/drift', { params: { name: workflow }, signal }),
    staleTime: 60_000,
  });
  return (
    <Panel title="Drift">
      {isPending ? <Loading what="the comparison" /> : null}
      {error ? <Failure error={error} retry={() => void refetch()} /> : null}
      {data ? <Shown report={data} /> : null}
    </Panel>
  );
}

function Shown({
  report: { alarms, stretches, whole, false_alarms_per_mille },
}: {
  readonly report: Report;
}): ReactNode {
  const compared = stretches.flatMap(({ comparisons }) => comparisons).length;
  const looked = whole ? 'the whole record' : 'the newest of the record';
  return (
    <div className="stack">
      {alarms.length === 0 ? (
        <p>
          {compared === 0
            ? 'Too little has happened to compare anything with.'
            : `Nothing has shifted, in ${compared} comparisons over ${looked}.`}
        </p>
      ) : (
        <ul className="stack-tight">
          {alarms.map((alarm) => (
            <Shift key={`${alarm.metric} ${alarm.step} ${alarm.by} ${alarm.shift.at.index}`} alarm={alarm} />
          ))}
        </ul>
      )}
      <p className="small soft">
        What came after each change is compared with what was before it, and what came later with how it began. At most{' '}
        {false_alarms_per_mille} in 1000 stretches give a false alarm.{' '}
        <Link to="/audit" search={{ type: 'drift.alarm' }}>
          Alarms on record
        </Link>
      </p>
    </div>
  );
}

function Shift({ alarm: { metric, step, shift, nearest } }: { readonly alarm: Alarm }): ReactNode {
  return (
    <li>
      <p>
        <strong>
          {metric}
          {step === null ? '' : ` of ${step}`}
        </strong>
        {': '}
        <Text>{shift.value}</Text>, {percentOf(shift.before_per_mille)} before, {percentOf(shift.after_per_mille)} now
      </p>
      <p className="small soft">
        {nearest ? (
          <>
            Nearest change: {nearest.kind}
            {nearest.about === null ? '' : ` of ${nearest.about}`}, <WholeTime at={nearest.time} />
          </>
        ) : (
          'No change that the record knows lies before it.'
        )}
      </p>
    </li>
  );
}
