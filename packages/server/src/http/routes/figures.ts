import { LAYERS, PortreeveError } from '@portreeve/contract';
import { z } from 'zod';
import { type CountedRecords, type FigureQuery, SPLITS } from '../../store/audit-figures.ts';
import { CODES, type Figure, figures, isCounted, TYPES } from '../figures/figures.ts';
import { marksOf } from '../figures/marks.ts';
import { METRICS_TYPE, prometheusText } from '../figures/metrics.ts';
import { modelUse } from '../figures/model-use.ts';
import { route } from '../route.ts';

const PARTS = 24;
const DAY_MS = 86_400_000;
const SPAN_MAX_MS = 92 * DAY_MS;
const VALUES_MAX = 20;

const filterAnswer = z.object({ type: z.string(), outcome: z.string().optional(), code: z.string().optional() });
const figureAnswer = z.object({
  id: z.string(),
  title: z.string(),
  group: z.string(),
  alarm: z.boolean(),
  filter: filterAnswer.describe('The search that gives the records that were counted'),
  count: z.number(),
  before: z.number().describe('The same in the time before, as long as this one'),
  series: z.array(z.number()).describe(`In ${PARTS} equal parts of the time`),
  values: z.array(z.object({ value: z.string().nullable(), count: z.number() })),
});

const latencyAnswer = {
  answers: z.int(),
  p50_ms: z.int().nullable().describe('Half of the answers took no longer; null where there is none'),
  p95_ms: z.int().nullable().describe('95 in 100 took no longer'),
};

export const figureRoutes = [
  route({
    method: 'GET',
    url: '/v1/figures',
    operation: 'metrics.read',
    summary: 'The figures of a time, each with the filter that gives its records',
    records: 'read',
    query: z.strictObject({
      since: z.iso.datetime().optional().describe('Left out: a day before `until`'),
      until: z.iso.datetime().optional().describe('Left out: now'),
      by: z.enum(SPLITS).default('workflow'),
    }),
    answers: {
      200: z.object({
        since: z.string(),
        until: z.string(),
        figures: z.array(figureAnswer),
        codes: z.array(
          z.object({
            code: z.string(),
            type: z.string(),
            count: z.number(),
            layers: z.array(z.enum(LAYERS)),
            rules: z.array(z.string()).describe('The rules in force that have this code'),
          }),
        ),
        models: z.array(
          z.object({
            model: z.string(),
            calls: z.number(),
            input_tokens: z.number(),
            output_tokens: z.number(),
            p50_ms: z.number(),
            p95_ms: z.number(),
          }),
        ),
        costs: z
          .array(
            z.object({
              value: z.string().nullable(),
              currency: z.string().describe('Empty where no attempt has a price'),
              micros: z.int().describe('Millionths of the currency’s unit'),
              answered: z.int(),
              failed: z.int(),
              unpriced: z.int().describe('Attempts that are not in the sum, since their model has no price'),
            }),
          )
          .describe('What attempts to ask models cost, by what was asked for'),
        spent: z
          .array(
            z.object({
              currency: z.string(),
              micros: z.int().describe('Millionths of the currency’s unit'),
              series: z
                .array(z.int().nullable())
                .describe(`In ${PARTS} equal parts of the time; null: the part was not read whole`),
            }),
          )
          .describe('What attempts to ask models cost over time, by currency: nothing is converted'),
        latency: z
          .object({
            ...latencyAnswer,
            series: z
              .array(z.object(latencyAnswer).nullable())
              .describe(`In ${PARTS} equal parts of the time; null: the part was not read whole`),
          })
          .describe('How long models took to answer'),
        latencies: z
          .array(z.object({ value: z.string().nullable(), ...latencyAnswer }))
          .describe('The same, by what was asked for; the slowest first'),
        models_whole: z
          .boolean()
          .describe('Whether the use of models is that of the whole time, or of its newest answers'),
        marks: z.array(z.object({ at: z.string(), place: z.string(), what: z.string() })),
      }),
    },
    handler: async ({ services, who, query }) => {
      const until = query.until ? new Date(query.until) : services.clock.now();
      const since = query.since ? new Date(query.since) : new Date(until.getTime() - DAY_MS);
      const span = until.getTime() - since.getTime();
      if (span <= 0 || span > SPAN_MAX_MS)
        throw new PortreeveError('bad_request', 'The time is 1 ms to 92 days long.', {
          errors: [{ path: 'since', message: 'is not up to 92 days before `until`' }],
        });
      const workflows = services.auditScope(who.principal);
      const asked: FigureQuery = { since, until, parts: PARTS, by: query.by, types: TYPES, codes: CODES, workflows };
      const time = { since: since.toISOString(), until: until.toISOString() };
      const [rows, earlier, codes, use, marks] = await Promise.all([
        services.figures.counts(asked),
        services.figures.counts({ ...asked, since: new Date(since.getTime() - span), until: since, parts: 1 }),
        services.figures.codes(asked),
        modelUse(services.audit, { ...time, ...(workflows === null ? {} : { workflows: [...workflows] }) }, asked),
        marksOf(services.audit, time),
      ]);
      return {
        ...time,
        figures: figures.map((figure) => figureOf(figure, rows, earlier)),
        codes: codes.map((each) => {
          const rules = services.policy.rules.filter(({ code }) => code === each.code);
          return { ...each, layers: [...new Set(rules.map(({ layer }) => layer))], rules: rules.map(({ id }) => id) };
        }),
        models: use.models,
        costs: use.costs,
        ...{ spent: [...use.spent], latency: use.latency, latencies: [...use.latencies] },
        models_whole: use.whole,
        marks,
      };
    },
  }),
  route({
    method: 'GET',
    url: '/metrics',
    operation: 'metrics.read',
    summary: 'The figures over the whole log, in Prometheus’ text format',
    records: 'read',
    answers: {},
    stream: 'text/plain',
    handler: async ({ services, who, reply }) => {
      await reply
        .type(METRICS_TYPE)
        .send(prometheusText(await services.counters.samples(services.auditScope(who.principal))));
    },
  }),
];

function figureOf(figure: Figure, rows: readonly CountedRecords[], earlier: readonly CountedRecords[]) {
  const counted = rows.filter((row) => isCounted(figure, row));
  const series = new Array<number>(PARTS).fill(0);
  const countByValue = new Map<string | null, number>();
  for (const { part, value, count } of counted) {
    series[part] = (series[part] ?? 0) + count;
    countByValue.set(value, (countByValue.get(value) ?? 0) + count);
  }
  const sum = (all: readonly CountedRecords[]): number => all.reduce((total, { count }) => total + count, 0);
  const { id, title, group, filter, alarm = false } = figure;
  return {
    ...{ id, title, group, filter, alarm, series },
    count: sum(counted),
    before: sum(earlier.filter((row) => isCounted(figure, row))),
    values: [...countByValue]
      .map(([value, count]) => ({ value, count }))
      .sort((a, b) => b.count - a.count)
      .slice(0, VALUES_MAX),
  };
}
