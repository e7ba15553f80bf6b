import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { METRICS } from '../http/figures/counters.ts';
import { type Downstream, startDownstream } from '../testing/downstream.ts';
import { METRIC_LABELS } from '../testing/metric-names.ts';
import { type TestServer, testServer } from '../testing/server.ts';

interface Point {
  readonly attributes: { readonly key: string; readonly value: { readonly stringValue: string } }[];
  readonly startTimeUnixNano: string;
  readonly timeUnixNano: string;
  readonly asInt: string;
}
interface Request {
  readonly resourceMetrics: {
    readonly resource: { readonly attributes: Point['attributes'] };
    readonly scopeMetrics: {
      readonly metrics: {
        readonly name: string;
        readonly gauge?: object;
        readonly sum?: {
          readonly aggregationTemporality: number;
          readonly isMonotonic: boolean;
          readonly dataPoints: Point[];
        };
      }[];
    }[];
  }[];
}

let collector: Downstream;
let house: TestServer;
let answer: { status: number; body: string };
beforeAll(async () => {
  collector = await startDownstream();
  collector.replyWith((_call, response) => response.writeHead(answer.status).end(answer.body));
  house = await testServer({
    secrets: { 'collector-token': 'only-for-the-collector' },
    config: {
      systems: { collector: { url: collector.url, private: true } },
      telemetry: { metrics: { system: 'collector', token: 'collector-token', every_s: 1 } },
    },
  });
});
beforeEach(() => {
  answer = { status: 200, body: '{}' };
});
afterAll(async () => {
  await house?.close();
  await collector?.close();
});

const text = ({ key, value }: Point['attributes'][number]) => `${key}="${value.stringValue}"`;
/** The counters of a request as the lines of Prometheus' format. */
const linesOf = (request: Request): string[] =>
  request.resourceMetrics.flatMap(({ scopeMetrics }) =>
    scopeMetrics.flatMap(({ metrics }) =>
      metrics.flatMap(({ name, sum }) =>
        (sum?.dataPoints ?? []).map(
          ({ attributes, asInt }) => `${name}_total{${attributes.map(text).join(',')}} ${asInt}`,
        ),
      ),
    ),
  );
const scraped = async () =>
  ((await (await house.as('auditor')).get('/metrics')).text as string)
    .split('\n')
    // How it stands now changes while one looks: only what is counted can be compared.
    .filter((line) => /^[a-z_]+_total[{ ]/.test(line));
const newest = () =>
  collector.calls.at(-1) as unknown as { headers: Record<string, string>; path: string; body: Request };

test('H6: what is pushed by OTLP is what /metrics shows, in whole numbers', async () => {
  const shown = await house.approvalOf((await house.submit({ case_id: 'CASE-1' })).id);
  const verdict = await house.verdict('lead', shown, 'deny');
  await (await house.as('lead')).post(`/v1/approvals/${shown.approval.id}/verdicts`, verdict);
  await vi.waitUntil(async () => (await scraped()).some((line) => line.includes('figure="denied"')), {
    timeout: 10_000,
  });
  // A read of /metrics is a record, too, but of none that a figure counts.
  const lines = (await scraped()).sort();
  await vi.waitUntil(() => newest() && linesOf(newest().body).some((line) => line.includes('figure="denied"')), {
    timeout: 10_000,
  });
  expect(linesOf(newest().body).sort()).toEqual(lines);
  expect(lines).toContain('portreeve_records_total{figure="denied",workflow="case-note"} 1');
  expect(
    lines.some((line) =>
      /^portreeve_model_attempts_total\{model=".+",outcome="answered",workflow="case-note"\} \d+$/.test(line),
    ),
  ).toBe(true);
  expect(lines.every((line) => / \d+$/.test(line))).toBe(true);

  const { path, headers, body } = newest();
  expect(path).toBe('/v1/metrics');
  expect(headers).toMatchObject({ 'content-type': 'application/json', authorization: 'Bearer only-for-the-collector' });
  const [{ resource, scopeMetrics }] = body.resourceMetrics as [Request['resourceMetrics'][number]];
  expect(resource.attributes.map(text)).toEqual(
    expect.arrayContaining(['service.name="portreeve"', expect.stringContaining('deployment.environment.name=')]),
  );
  for (const { sum } of scopeMetrics[0]!.metrics) {
    if (!sum) continue;
    expect(sum).toMatchObject({ aggregationTemporality: 2, isMonotonic: true });
    for (const { startTimeUnixNano, timeUnixNano } of sum.dataPoints)
      expect(BigInt(startTimeUnixNano) < BigInt(timeUnixNano)).toBe(true);
  }
  expect(JSON.stringify(body)).not.toMatch(/CASE-1|only-for-the-collector/);
});

test('H6: a collector that refuses is shown, with nothing of its answer, until it takes a push', async () => {
  const state = async () => (await (await house.as('operator')).get('/v1/system')).body.metrics as { problem: string };
  answer = { status: 503, body: 'the password is hunter2' };
  await vi.waitUntil(async () => (await state()).problem === 'the receiver answered 503', { timeout: 10_000 });
  answer = { status: 200, body: '{"partialSuccess":{"rejectedDataPoints":"3"}}' };
  await vi.waitUntil(async () => (await state()).problem === 'the receiver rejected 3 data points', {
    timeout: 10_000,
  });
  answer = { status: 200, body: '{}' };
  await vi.waitUntil(async () => (await state()).problem === null, { timeout: 10_000 });
});

test('J4: /metrics names every metric, and tells how the house stands; by OTLP these are gauges', async () => {
  await house.approvalOf((await house.submit({ case_id: 'CASE-1' })).id);
  const { text } = await (await house.as('auditor')).get('/metrics');
  for (const [name, { kind, help }] of Object.entries(METRICS)) {
    const shown = kind === 'counter' ? `${name}_total` : name;
    expect(text).toContain(`# HELP ${shown} ${help}\n# TYPE ${shown} ${kind}\n`);
  }
  expect(text).toContain('\nportreeve_runs{state="waiting"} 1\n');
  expect(text).toContain('\nportreeve_approvals_pending 1\n');
  expect(text).toMatch(/\nportreeve_approval_age_seconds \d+\n/);
  expect(text).toContain('\nportreeve_freezes 0\n');
  expect(text).toContain('\nportreeve_spans_total{outcome="dropped"} 0\n');
  await vi.waitUntil(() => JSON.stringify(newest().body).includes('portreeve_runs'), { timeout: 10_000 });
  // The labels that dashboards rest on are those that are given.
  for (const [, name = '', labels = ''] of text.matchAll(/^(portreeve_\w+?)(?:\{(.*)\})? \d+$/gm)) {
    const given = [...labels.matchAll(/(\w+)="/g)].map(([, label]) => label);
    expect([name, given.sort()]).toEqual([name, [...METRIC_LABELS[name]!].sort()]);
  }
  const gauge = newest().body.resourceMetrics[0]!.scopeMetrics[0]!.metrics.find(
    ({ name }) => name === 'portreeve_runs',
  );
  expect(gauge).toMatchObject({ unit: '{run}', gauge: { dataPoints: expect.any(Array) } });
});
