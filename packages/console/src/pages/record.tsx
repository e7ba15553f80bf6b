import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { type Answer, api } from '../api/client.ts';
import { MAIN_LOG, partsOf, placeOf } from '../api/place.ts';
import { useMay } from '../api/session.ts';
import { Link } from '../app/link.tsx';
import { checkReceipt, type Step } from '../proof/check.ts';
import { StateBadge } from '../ui/badge.tsx';
import { save } from '../ui/export.ts';
import { Facts, Page, Panel } from '../ui/page.tsx';
import { Failure, Loading } from '../ui/states.tsx';
import { Id, Json, Text } from '../ui/text.tsx';
import { WholeTime } from '../ui/time.tsx';
import { useAct } from '../ui/use-act.tsx';
import { sentenceOf } from './stages.ts';

type AuditRecord = Answer<'GET /v1/audit/records/:place'>;

export function RecordPage(): ReactNode {
  const { place } = useParams({ strict: false }) as { place: string };
  const may = useMay();
  const record = useQuery({
    queryKey: ['record', place],
    queryFn: ({ signal }) => api.call('GET /v1/audit/records/:place', { params: { place }, signal }),
    enabled: may('audit.read') && partsOf(place) !== null,
  });
  return (
    <Page
      title={`Record ${place}`}
      needs="audit.read"
      lead={record.data ? <Text>{sentenceOf(record.data.entry.type, record.data.payload?.data ?? null)}</Text> : null}
      actions={record.data ? <Around record={record.data} /> : null}
    >
      {record.isPending ? <Loading what="the record" /> : null}
      {record.isError ? <Failure error={record.error} retry={() => void record.refetch()} /> : null}
      {record.data ? <Shown record={record.data} /> : null}
    </Page>
  );
}

function Around({ record: { place, entry } }: { readonly record: AuditRecord }): ReactNode {
  const beside = (index: number) => `/audit/${placeOf(partsOf(place)?.log ?? MAIN_LOG, index)}`;
  return (
    <>
      {entry.index > 0 ? (
        <Link to={beside(entry.index - 1)} className="button">
          Before
        </Link>
      ) : null}
      <Link to={beside(entry.index + 1)} className="button">
        After
      </Link>
      {entry.refs.run ? (
        <Link to={`/replay/${entry.refs.run}`} className="button">
          Its whole run
        </Link>
      ) : null}
    </>
  );
}

/** What a record is about, as a link to all records about it. */
const REFS = [
  'run',
  'workflow',
  'tool',
  'proposal',
  'approval',
  'model',
  'prompt',
  'policy_version',
  'release',
] as const;

function Shown({ record }: { readonly record: AuditRecord }): ReactNode {
  const { entry, payload, erased } = record;
  return (
    <div className="split">
      <div className="stack">
        <Panel title="Content">
          {payload ? (
            <Json value={payload.data} />
          ) : (
            <p className="note">
              {erased
                ? `It was erased (${erased.cause}). Its place, its digest and every proof stay.`
                : 'It cannot be read here.'}
            </p>
          )}
        </Panel>
        <Panel title="Entry, as it was signed">
          <Json value={entry} />
        </Panel>
      </div>
      <div className="stack">
        <Proof record={record} key={record.place} />
        <Panel title="What it is about">
          <Facts
            rows={[
              [
                'Type',
                <Link key="t" to="/audit" search={{ type: entry.type }}>
                  {entry.type}
                </Link>,
              ],
              ['Time', <WholeTime key="w" at={entry.time} />],
              ['Outcome', entry.outcome ? <StateBadge key="o" state={entry.outcome} /> : 'none'],
              [
                'Who',
                <Link key="a" to="/audit" search={{ actor: entry.actor.id }}>
                  <Text>{payload?.actor_name ?? entry.actor.id}</Text>
                </Link>,
              ],
              ...REFS.filter((name) => entry.refs[name]).map(
                (name) =>
                  [
                    name.replace('_', ' '),
                    <Link key={name} to="/audit" search={{ [name]: entry.refs[name] }}>
                      <Id>{entry.refs[name]}</Id>
                    </Link>,
                  ] as const,
              ),
              ['Digest', <Id key="d">{entry.payload_digest}</Id>],
            ]}
          />
        </Panel>
      </div>
    </div>
  );
}

function Proof({ record }: { readonly record: AuditRecord }): ReactNode {
  const { act, busy, element } = useAct();
  const [steps, setSteps] = useState<readonly Step[] | null>(null);
  const { place } = record;
  const receipt = () => api.call('GET /v1/audit/proof/:place', { params: { place } });
  const check = () => act(async () => setSteps(await checkReceipt(await receipt(), record)));
  const keep = () =>
    act(async () =>
      save(`receipt-${place.replace(':', '-')}.json`, 'application/json', JSON.stringify(await receipt())),
    );
  return (
    <Panel title="Proof">
      <div className="stack">
        <p className="soft">
          This browser checks the record itself: its place under the log’s signed head, and its content by its digest.
        </p>
        {element}
        {steps ? (
          <div role="status">
            <ul className="proof">
              {steps.map(({ what, ok, detail }) => (
                <li key={what}>
                  <span aria-hidden="true">{ok ? '✓' : '✗'}</span>
                  <div>
                    <strong>{ok ? what : `Not so: ${what}`}</strong>
                    <div className="small soft breakable">
                      <Text>{detail}</Text>
                    </div>
                  </div>
                </li>
              ))}
            </ul>
          </div>
        ) : null}
        <div className="cluster">
          <button type="button" className="button primary" disabled={busy} onClick={() => void check()}>
            Check the proof
          </button>
          <button type="button" className="button" disabled={busy} onClick={() => void keep()}>
            Keep the receipt
          </button>
        </div>
      </div>
    </Panel>
  );
}
