import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { type Answer, api } from '../api/client.ts';
import { useMay } from '../api/session.ts';
import { Link } from '../app/link.tsx';
import { type UrlState, useUrlState } from '../app/url-state.ts';
import { Badge } from '../ui/badge.tsx';
import { Bars, Columns } from '../ui/charts.tsx';
import { Page, Panel } from '../ui/page.tsx';
import { Select } from '../ui/select.tsx';
import { Empty, Failure, Loading } from '../ui/states.tsx';
import { Table } from '../ui/table.tsx';
import type { Column } from '../ui/table-model.ts';
import { Text } from '../ui/text.tsx';
import { WholeTime } from '../ui/time.tsx';

type Figures = Answer<'GET /v1/figures'>;
type Figure = Figures['figures'][number];
type Code = Figures['codes'][number];
type Model = Figures['models'][number];
type Cost = Figures['costs'][number];
type Latency = Figures['latencies'][number];

const SPANS = { hour: 3_600_000, day: 86_400_000, week: 7 * 86_400_000, month: 30 * 86_400_000 } as const;
const SPLITS = ['workflow', 'tool', 'model', 'prompt', 'policy_version', 'release'] as const;

/** The records of a figure: all of its time, or those of one value that it is split by. */
function recordsOf({ since, until }: Figures, filter: Figure['filter'], more: UrlState = {}): UrlState {
  return { type: filter.type, outcome: filter.outcome, code: filter.code, since, until, ...more };
}

export function Dashboard(): ReactNode {
  const may = useMay();
  const [url, setUrl] = useUrlState();
  const span = (url.span ?? 'day') in SPANS ? ((url.span ?? 'day') as keyof typeof SPANS) : 'day';
  const by = SPLITS.find((each) => each === url.by) ?? 'workflow';
  const figures = useQuery({
    queryKey: ['figures', span, by],
    queryFn: ({ signal }) => {
      const until = Date.now();
      const query = { since: new Date(until - SPANS[span]).toISOString(), until: new Date(until).toISOString(), by };
      return api.call('GET /v1/figures', { query, signal });
    },
    enabled: may('metrics.read'),
    placeholderData: keepPreviousData,
    refetchInterval: 30_000,
  });
  return (
    <Page
      title="Dashboard"
      needs="metrics.read"
      lead="Every number is a count of records, and opens them."
      actions={
        <>
          <Select
            label="Time"
            value={span}
            any={null}
            options={Object.keys(SPANS)}
            onChange={(next) => setUrl({ span: next })}
          />
          <Select label="Split by" value={by} any={null} options={SPLITS} onChange={(next) => setUrl({ by: next })} />
        </>
      }
    >
      {figures.isPending ? <Loading what="the figures" /> : null}
      {figures.isError ? <Failure error={figures.error} retry={() => void figures.refetch()} /> : null}
      {figures.data ? <Shown data={figures.data} by={by} url={url} setUrl={setUrl} /> : null}
    </Page>
  );
}

function Shown({
  data,
  by,
  url,
  setUrl,
}: {
  readonly data: Figures;
  readonly by: (typeof SPLITS)[number];
  readonly url: UrlState;
  readonly setUrl: (change: UrlState) => void;
}): ReactNode {
  const chosen = data.figures.find(({ id }) => id === url.figure) ?? data.figures.find(({ id }) => id === 'refusals');
  const groups = [...new Set(data.figures.map(({ group }) => group))];
  return (
    <div className="stack">
      <div className="figures">
        {groups.map((group) => (
          <section key={group} aria-label={group}>
            <h2>{group}</h2>
            <div>
              {data.figures
                .filter((figure) => figure.group === group)
                .map((figure) => (
                  <Link
                    key={figure.id}
                    to="/audit"
                    search={recordsOf(data, figure.filter)}
                    className={figure.alarm && figure.count > 0 ? 'alarm' : undefined}
                  >
                    <span className="small">{figure.title}</span>
                    <strong>{figure.count}</strong>
                    <span className="small soft">{change(figure)}</span>
                  </Link>
                ))}
            </div>
          </section>
        ))}
      </div>
      {chosen ? (
        <div className="split">
          <Panel
            title={`${chosen.title}, over time`}
            aside={
              <Select
                label="Figure"
                value={chosen.id}
                any={null}
                options={data.figures.map(({ id }) => id)}
                onChange={(figure) => setUrl({ figure })}
              />
            }
          >
            <Columns
              title={chosen.title}
              values={chosen.series}
              since={data.since}
              until={data.until}
              marks={data.marks}
            />
          </Panel>
          <Panel title={`${chosen.title}, by ${by.replace('_', ' ')}`}>
            {chosen.values.length === 0 ? (
              <Empty title="None in this time" />
            ) : (
              <Bars
                rows={chosen.values.map(({ value, count }) => ({
                  name: value ?? 'none',
                  count,
                  link: value === null ? null : recordsOf(data, chosen.filter, splitOf(by, value)),
                }))}
              />
            )}
          </Panel>
        </div>
      ) : null}
      <Panel title="Why it was refused" bare>
        <Table
          name="reasons"
          columns={codeColumns(data)}
          rows={data.codes}
          rowKey={({ code, type }) => `${type} ${code}`}
          search={url}
          onSearch={setUrl}
          empty={<Empty title="Nothing was refused in this time" />}
        />
      </Panel>
      <Panel title="Models" bare aside={data.models_whole ? null : <Badge tone="warn">newest answers only</Badge>}>
        <Table
          name="models"
          columns={modelColumns}
          rows={data.models}
          rowKey={({ model }) => model}
          search={url}
          onSearch={setUrl}
          empty={<Empty title="No model was asked in this time" />}
        />
      </Panel>
      <OverTime data={data} />
      <Panel title={`Cost of models, by ${by.replace('_', ' ')}`} bare>
        <Table
          name="costs"
          columns={costColumns(data, by)}
          rows={data.costs}
          rowKey={({ value, currency }) => `${value} ${currency}`}
          search={url}
          onSearch={setUrl}
          empty={<Empty title="No model was asked in this time" />}
        />
      </Panel>
      <Panel title={`Latency of models, by ${by.replace('_', ' ')}`} bare>
        <Table
          name="latencies"
          columns={latencyColumns(data, by)}
          rows={data.latencies}
          rowKey={({ value }) => String(value)}
          search={url}
          onSearch={setUrl}
          empty={<Empty title="No model answered in this time" />}
        />
      </Panel>
      <Panel title="What has changed in this time">
        {data.marks.length === 0 ? (
          <p className="soft">Neither policy, releases, models nor the environment.</p>
        ) : (
          <ul className="stack-tight">
            {data.marks.map(({ at, place, what }) => (
              <li key={`${place} ${what}`} className="cluster">
                <WholeTime at={at} />
                <Link to={`/audit/${place}`}>{what}</Link>
              </li>
            ))}
          </ul>
        )}
      </Panel>
    </div>
  );
}

/** What models cost, a panel for each currency, and how long they took, in the parts of the time. */
function OverTime({ data }: { readonly data: Figures }): ReactNode {
  const { since, until, marks, spent, latency } = data;
  const aside = data.models_whole ? null : <Badge tone="warn">newest answers only</Badge>;
  const time = { since, until, marks };
  return (
    <div className="halves">
      {spent.length === 0 ? (
        <Panel title="Cost of models, over time">
          <Empty title="No attempt with a price in this time" />
        </Panel>
      ) : (
        spent.map(({ currency, micros, series }) => (
          <Panel
            key={currency}
            title={`Cost of models in ${currency}, over time: ${moneyOf(micros)}`}
            {...(aside ? { aside } : {})}
          >
            <Columns
              {...{ title: `Cost in ${currency}`, values: series, shown: moneyOf, ...time }}
              unread={series.map((part) => part === null)}
            />
          </Panel>
        ))
      )}
      <Panel title="Latency of models, over time" {...(aside ? { aside } : {})}>
        {latency.answers === 0 ? (
          <Empty title="No model answered in this time" />
        ) : (
          <Columns
            title="Latency"
            values={latency.series.map((part) => part?.p95_ms ?? null)}
            within={{
              whole: '95 in 100 within',
              part: { name: 'half within', values: latency.series.map((part) => part?.p50_ms ?? null) },
            }}
            {...time}
            unread={latency.series.map((part) => part === null)}
            shown={(ms) => `${ms} ms`}
          />
        )}
      </Panel>
    </div>
  );
}

function change({ count, before }: Figure): string {
  if (before === count) return 'as many as before';
  return count > before ? `${count - before} more than before` : `${before - count} fewer than before`;
}

/** A prompt is counted by name and version together. */
function splitOf(by: (typeof SPLITS)[number], value: string): UrlState {
  if (by !== 'prompt') return { [by]: value };
  const [prompt, version] = value.split(' ');
  return { prompt, prompt_version: version };
}

function codeColumns(data: Figures): readonly Column<Code>[] {
  return [
    {
      id: 'code',
      title: 'Reason',
      value: ({ code }) => code,
      cell: ({ code, type }) => (
        <Link to="/audit" search={{ code, type, since: data.since, until: data.until }}>
          {code}
        </Link>
      ),
    },
    { id: 'layer', title: 'Layer', value: ({ layers }) => layers.join(', ') || null },
    { id: 'rules', title: 'Rules', value: ({ rules }) => rules.join(', ') || null },
    { id: 'where', title: 'Where', value: ({ type }) => type, cell: ({ type }) => <Text>{type}</Text> },
    { id: 'count', title: 'Times', numeric: true, value: ({ count }) => count },
  ];
}

/** Millionths as a decimal number, digit by digit: money is never a float. */
function moneyOf(micros: number): string {
  const digits = String(micros).padStart(7, '0');
  return `${digits.slice(0, -6)}.${digits.slice(-6).replace(/0{1,4}$/, '')}`;
}

/** What an amount is made of: answers and failed attempts, each of which opens its records. */
function costColumns(data: Figures, by: (typeof SPLITS)[number]): readonly Column<Cost>[] {
  const opens = (type: string, count: (cost: Cost) => number) => (cost: Cost) =>
    cost.value === null || count(cost) === 0 ? (
      <Text>{String(count(cost))}</Text>
    ) : (
      <Link to="/audit" search={recordsOf(data, { type }, splitOf(by, cost.value))}>
        {count(cost)}
      </Link>
    );
  const answered = ({ answered: count }: Cost): number => count;
  const failed = ({ failed: count }: Cost): number => count;
  return [
    { id: 'value', title: 'Of', value: ({ value }) => value ?? 'none' },
    {
      id: 'cost',
      title: 'Cost',
      numeric: true,
      value: ({ micros }) => micros,
      cell: ({ micros, currency }) => <Text>{currency === '' ? 'no price' : `${moneyOf(micros)} ${currency}`}</Text>,
    },
    { id: 'answered', title: 'Answers', numeric: true, value: answered, cell: opens('model.answered', answered) },
    {
      id: 'failed',
      title: 'Failed attempts',
      numeric: true,
      value: failed,
      cell: opens('model.attempt_failed', failed),
    },
    { id: 'unpriced', title: 'Without a price', numeric: true, value: ({ unpriced }) => unpriced },
  ];
}

function latencyColumns(data: Figures, by: (typeof SPLITS)[number]): readonly Column<Latency>[] {
  return [
    { id: 'value', title: 'Of', value: ({ value }) => value ?? 'none' },
    {
      id: 'answers',
      title: 'Answers',
      numeric: true,
      value: ({ answers }) => answers,
      cell: ({ value, answers }) =>
        value === null ? (
          <Text>{String(answers)}</Text>
        ) : (
          <Link to="/audit" search={recordsOf(data, { type: 'model.answered' }, splitOf(by, value))}>
            {answers}
          </Link>
        ),
    },
    { id: 'p50', title: 'Half within (ms)', numeric: true, value: ({ p50_ms }) => p50_ms },
    { id: 'p95', title: '95 in 100 within (ms)', numeric: true, value: ({ p95_ms }) => p95_ms },
  ];
}

const modelColumns: readonly Column<Model>[] = [
  { id: 'model', title: 'Model', value: ({ model }) => model },
  { id: 'calls', title: 'Answers', numeric: true, value: ({ calls }) => calls },
  { id: 'in', title: 'Tokens in', numeric: true, value: ({ input_tokens }) => input_tokens },
  { id: 'out', title: 'Tokens out', numeric: true, value: ({ output_tokens }) => output_tokens },
  { id: 'p50', title: 'Half within (ms)', numeric: true, value: ({ p50_ms }) => p50_ms },
  { id: 'p95', title: '95 in 100 within (ms)', numeric: true, value: ({ p95_ms }) => p95_ms },
];
