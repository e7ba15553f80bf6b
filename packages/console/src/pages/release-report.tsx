import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { api } from '../api/client.ts';
import { useMay } from '../api/session.ts';
import { Link } from '../app/link.tsx';
import { useUrlState } from '../app/url-state.ts';
import { StateBadge } from '../ui/badge.tsx';
import { save } from '../ui/export.ts';
import { Facts, Page, Panel } from '../ui/page.tsx';
import { percentOf } from '../ui/per-mille.ts';
import { Empty, Failure, Loading } from '../ui/states.tsx';
import { Table } from '../ui/table.tsx';
import type { Column } from '../ui/table-model.ts';
import { Id, Text, Whole } from '../ui/text.tsx';
import { WholeTime } from '../ui/time.tsx';

/** What stands under the signature: the server took it in only after it had the form of a report. */
interface SignedReport {
  readonly kind: 'tests' | 'red-team';
  readonly workflow: string;
  readonly portreeve: string;
  readonly started: string;
  readonly ended: string;
  readonly ok: boolean;
  readonly figures: Readonly<Record<string, number>>;
  readonly cases: readonly SignedCase[];
}
interface SignedCase {
  readonly name: string;
  readonly group: string;
  readonly ok: boolean;
  readonly detail: string | null;
}

/** The payload of a sealed report (DSSE), which is base64 of its canonical JSON. */
function opened(sealed: string): SignedReport {
  const { payload } = JSON.parse(sealed) as { payload: string };
  const bytes = Uint8Array.from(atob(payload), (character) => character.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes)) as SignedReport;
}

export function ReportPage(): ReactNode {
  const { release, evidence } = useParams({ strict: false }) as { release: string; evidence: string };
  const may = useMay();
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['report', release, evidence],
    queryFn: async ({ signal }) => {
      const params = { release, evidence };
      const { report } = await api.call('GET /v1/releases/:release/evidence/:evidence', { params, signal });
      return { sealed: report, report: opened(report) };
    },
    enabled: may('releases.read'),
    // A report is found by its digest: it never changes.
    staleTime: Number.POSITIVE_INFINITY,
  });
  const title = data ? `${data.report.kind === 'tests' ? 'Tests' : 'Red team'} of ${data.report.workflow}` : 'Report';
  return (
    <Page
      title={title}
      needs="releases.read"
      lead={<Whole>{evidence}</Whole>}
      actions={
        data ? (
          <button
            type="button"
            className="button"
            onClick={() => save(`${evidence.slice(7, 23)}.json`, 'application/json', data.sealed)}
          >
            As it was signed
          </button>
        ) : null
      }
    >
      {isPending && may('releases.read') ? <Loading what="the report" /> : null}
      {error ? <Failure error={error} retry={() => void refetch()} /> : null}
      {data ? <Shown release={release} report={data.report} /> : null}
    </Page>
  );
}

interface Case extends SignedCase {
  /** Its place in the report, by which the address names it. */
  readonly at: string;
}

const columns: readonly Column<Case>[] = [
  {
    id: 'ok',
    title: 'Outcome',
    value: ({ ok }) => (ok ? 'pass' : 'fail'),
    cell: ({ ok }) => <StateBadge state={ok ? 'pass' : 'fail'} />,
  },
  { id: 'group', title: 'Pack or file', value: ({ group }) => group },
  { id: 'name', title: 'Case', value: ({ name }) => name, cell: (row) => <CaseLink of={row} /> },
  { id: 'detail', title: 'What was seen', value: ({ detail }) => detail },
];

/** A link, so that the keyboard chooses a row too. */
function CaseLink({ of: { name, at } }: { readonly of: Case }): ReactNode {
  const { release, evidence } = useParams({ strict: false }) as { release: string; evidence: string };
  const [url] = useUrlState();
  return (
    <Link to={`/releases/${release}/reports/${evidence}`} search={{ ...url, at }}>
      <Text>{name}</Text>
    </Link>
  );
}

const nameOf = (figure: string): string => figure.replace(/_per_mille$/, ', share').replaceAll('_', ' ');

function Shown({ release, report }: { readonly release: string; readonly report: SignedReport }): ReactNode {
  const [url, setUrl] = useUrlState();
  const cases = report.cases.map((each, at) => ({ ...each, at: String(at) }));
  const chosen = cases.find(({ at }) => at === url.at);
  return (
    <div className="split">
      <div className="stack">
        {chosen ? (
          <Panel title="The case">
            <div className="stack-tight">
              <div className="cluster">
                <StateBadge state={chosen.ok ? 'pass' : 'fail'} />
                <span className="soft">
                  <Text>{chosen.group}</Text>
                </span>
              </div>
              <p className="breakable">
                <Text>{chosen.name}</Text>
              </p>
              <p className="breakable">
                <Text>{chosen.detail ?? 'Nothing was seen that had to be said.'}</Text>
              </p>
            </div>
          </Panel>
        ) : null}
        <Panel title="Cases" bare>
          <Table
            name="cases"
            columns={columns}
            rows={cases}
            rowKey={({ at }) => at}
            search={url}
            onSearch={setUrl}
            selected={url.at ?? null}
            onSelect={(at) => setUrl({ at })}
            empty={<Empty title="It has no cases" />}
          />
        </Panel>
      </div>
      <div className="stack">
        <Panel title="Facts">
          <Facts
            rows={[
              ['Outcome', <StateBadge key="o" state={report.ok ? 'passed' : 'failed'} />],
              [
                'Release',
                <Link key="r" to={`/releases/${release}`}>
                  <Id>{release}</Id>
                </Link>,
              ],
              ['Began', <WholeTime key="b" at={report.started} />],
              ['Ended', <WholeTime key="e" at={report.ended} />],
              ['Run by', <Text key="p">{`Portreeve ${report.portreeve}`}</Text>],
            ]}
          />
        </Panel>
        <Panel title="Figures">
          {Object.keys(report.figures).length === 0 ? <p className="soft">It has none.</p> : null}
          <Facts
            rows={Object.entries(report.figures).map(([name, value]) => [
              nameOf(name),
              name.endsWith('_per_mille') ? percentOf(value) : value,
            ])}
          />
        </Panel>
      </div>
    </div>
  );
}
