import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { type Answer, api } from '../api/client.ts';
import { useMay } from '../api/session.ts';
import { Link } from '../app/link.tsx';
import { useUrlState } from '../app/url-state.ts';
import { Badge, StateBadge, type Tone } from '../ui/badge.tsx';
import { save } from '../ui/export.ts';
import { Facts, Page, Panel } from '../ui/page.tsx';
import { Select } from '../ui/select.tsx';
import { Empty, Failure, Loading } from '../ui/states.tsx';
import { Table } from '../ui/table.tsx';
import type { Column } from '../ui/table-model.ts';
import { Text } from '../ui/text.tsx';
import { WholeTime } from '../ui/time.tsx';

type Report = Answer<'GET /v1/evidence/:framework'>;
type Control = Report['controls'][number];

/** Total: a framework that the server knows and this page does not would not compile. */
const FRAMEWORKS: Readonly<Record<Report['framework'], string>> = {
  'owasp-agentic': 'OWASP Top 10 for agentic applications',
  'owasp-llm': 'OWASP Top 10 for LLM applications',
  'nist-ai-rmf': 'NIST AI RMF',
  'csa-maestro': 'CSA MAESTRO',
  'nist-800-53': 'NIST SP 800-53',
  'iso-42001': 'ISO/IEC 42001',
  'soc-2': 'SOC 2',
  'eu-ai-act': 'EU AI Act',
};
const isFramework = (name: string | undefined): name is Report['framework'] =>
  name !== undefined && Object.hasOwn(FRAMEWORKS, name);

const DAYS: Readonly<Record<string, number>> = { month: 30, quarter: 90, year: 365 };
const DAY_MS = 86_400_000;
const STATES: readonly Control['state'][] = ['shown', 'partly', 'contrary', 'gap'];
const TONES: Readonly<Record<Control['state'], Tone>> = {
  shown: 'good',
  partly: 'warn',
  contrary: 'bad',
  gap: 'plain',
};

/** What the record shows of each control of a framework, with links to the records, and what it does not show. */
export function EvidencePage(): ReactNode {
  const may = useMay();
  const [url, setUrl] = useUrlState();
  const framework = isFramework(url.framework) ? url.framework : null;
  const span = Object.hasOwn(DAYS, url.span ?? '') ? url.span! : 'quarter';
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: ['evidence', framework, span],
    queryFn: ({ signal }) => {
      const from = new Date(Date.now() - DAYS[span]! * DAY_MS).toISOString();
      return api.call('GET /v1/evidence/:framework', { params: { framework: framework! }, query: { from }, signal });
    },
    enabled: may('evidence.read') && framework !== null,
    // That a report was made stands on record: it is made when somebody asks for it, and not again by itself.
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
  return (
    <Page
      title="Evidence"
      needs="evidence.read"
      lead="Each control is answered by facts of the record, with the records that they rest on, or by a gap. It says what the record shows, and not that a control is met."
      actions={
        <>
          <Select
            label="Framework"
            value={framework ?? undefined}
            any="choose"
            options={Object.keys(FRAMEWORKS)}
            onChange={(next) => setUrl({ framework: next, at: undefined })}
          />
          <Select
            label="Records of the last"
            value={span}
            any={null}
            options={Object.keys(DAYS)}
            onChange={(next) => setUrl({ span: next })}
          />
        </>
      }
    >
      {framework === null ? <Choices /> : null}
      {isFetching ? <Loading what="the report" /> : null}
      {error && !isFetching ? <Failure error={error} retry={() => void refetch()} /> : null}
      {data && !isFetching ? <Shown report={data} /> : null}
    </Page>
  );
}

function Choices(): ReactNode {
  return (
    <Panel title="Frameworks">
      <ul className="stack-tight">
        {Object.entries(FRAMEWORKS).map(([name, title]) => (
          <li key={name}>
            <Link to="/evidence" search={{ framework: name }}>
              {title}
            </Link>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

const columns: readonly Column<Control>[] = [
  {
    id: 'control',
    title: 'Control',
    value: ({ id }) => id,
    cell: ({ id }) => <ControlLink id={id} />,
  },
  { id: 'title', title: 'What it asks', value: ({ title }) => title },
  { id: 'state', title: 'The record', value: ({ state }) => state, cell: ({ state }) => <StateBadge state={state} /> },
  {
    id: 'facts',
    title: 'Facts shown',
    numeric: true,
    value: ({ answers }) => answers.filter(({ state }) => state === 'shown').length,
    cell: ({ answers }) => `${answers.filter(({ state }) => state === 'shown').length} of ${answers.length}`,
  },
  { id: 'beyond', title: 'Beyond the record', value: ({ beyond }) => beyond },
];

/** A link, so that the keyboard chooses a row too. */
function ControlLink({ id }: { readonly id: string }): ReactNode {
  const [url] = useUrlState();
  return (
    <Link to="/evidence" search={{ ...url, at: id }}>
      {id}
    </Link>
  );
}

function Shown({ report }: { readonly report: Report }): ReactNode {
  const [url, setUrl] = useUrlState();
  const { controls, title, span, remarks, proofs, framework } = report;
  const chosen = controls.find(({ id }) => id === url.at);
  const rows = url.state ? controls.filter(({ state }) => state === url.state) : controls;
  return (
    <div className="stack">
      <Panel
        title={title}
        aside={
          <button
            type="button"
            className="button"
            onClick={() => save(`${framework}.json`, 'application/json', JSON.stringify(report, null, 2))}
          >
            The report, with its proofs
          </button>
        }
      >
        <div className="stack-tight">
          <div className="cluster">
            {STATES.map((state) => (
              <Badge key={state} tone={TONES[state]}>
                {`${controls.filter((each) => each.state === state).length} ${state}`}
              </Badge>
            ))}
          </div>
          <p className="small soft">
            Records from <WholeTime at={span.from} /> to <WholeTime at={span.to} />; {proofs.length} of them are proved
            in the report. As HTML, PDF or OSCAL: <code>portreeve evidence --framework {framework} --out FILE</code>
          </p>
          {remarks.map((remark) => (
            <p key={remark} className="note warn">
              <Text>{remark}</Text>
            </p>
          ))}
        </div>
      </Panel>
      {chosen ? <ControlPanel control={chosen} /> : null}
      <Panel title="Controls" bare>
        <Table
          name="controls"
          columns={columns}
          rows={rows}
          rowKey={({ id }) => id}
          search={url}
          onSearch={setUrl}
          selected={url.at ?? null}
          onSelect={(at) => setUrl({ at })}
          filters={<Select label="State" value={url.state} options={STATES} onChange={(state) => setUrl({ state })} />}
          empty={<Empty title="No control is in this state" />}
        />
      </Panel>
    </div>
  );
}

function ControlPanel({ control }: { readonly control: Control }): ReactNode {
  const { id, title, state, answers, beyond, edition, source } = control;
  return (
    <Panel title={`${id} ${title}`} aside={<StateBadge state={state} />}>
      <div className="stack">
        <ul className="stack">
          {answers.map((answer) => (
            <li key={answer.fact} className="stack-tight">
              <div className="cluster">
                <StateBadge state={answer.state} />
                <Text>{answer.text}</Text>
              </div>
              {answer.records.length === 0 ? null : (
                <div className="cluster small">
                  <span className="soft">Records:</span>
                  {answer.records.map((place) => (
                    <Link key={place} to={`/audit/${encodeURIComponent(place)}`}>
                      <Badge tone="accent">{place}</Badge>
                    </Link>
                  ))}
                </div>
              )}
            </li>
          ))}
        </ul>
        {beyond === null ? null : (
          <p className="note">
            <Text>{beyond}</Text>
          </p>
        )}
        <Facts
          rows={[
            ['Edition', <Text key="e">{edition}</Text>],
            ['Source', <Text key="s">{source}</Text>],
          ]}
        />
      </div>
    </Panel>
  );
}
