import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FIGURE_IDS, METRIC_LABELS, metricsText } from '@portreeve/server/testing';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { ROOT } from '../repository.ts';

const FOLDER = join(ROOT, 'deploy/observability');
const read = (file: string) => readFileSync(join(FOLDER, file), 'utf8');

/** What `/metrics` gives, by the lines that name each metric. */
const SERVED = [...metricsText().matchAll(/^# TYPE (\S+) (counter|gauge)$/gm)].map(([, name, kind]) => ({
  name,
  kind,
}));

const target = z.looseObject({ refId: z.string().min(1), expr: z.string().min(1), legendFormat: z.string() });
// biome-ignore lint/suspicious/noTemplateCurlyInString: it is Grafana's own variable
const source = z.strictObject({ type: z.literal('prometheus'), uid: z.literal('${datasource}') });
/** As much of Grafana's dashboard JSON as an import looks at. */
const dashboardSchema = z.looseObject({
  uid: z.string().regex(/^[a-z0-9-]{1,40}$/),
  title: z.string().min(1),
  schemaVersion: z.int().min(36),
  templating: z.strictObject({
    list: z.array(z.looseObject({ name: z.string(), type: z.enum(['datasource', 'query']) })),
  }),
  panels: z
    .array(
      z.looseObject({
        id: z.int().min(1),
        title: z.string().min(1),
        description: z.string().min(1),
        type: z.literal('timeseries'),
        datasource: source,
        gridPos: z.strictObject({ h: z.int().min(1), w: z.int().min(1).max(24), x: z.int().max(23), y: z.int() }),
        targets: z.array(target).min(1),
      }),
    )
    .min(1),
});

const duration = z.string().regex(/^\d+(s|m|h)$/);
/** Prometheus' alerting rules, strictly: an unknown field there is an error of the whole file. */
const rulesSchema = z.strictObject({
  groups: z
    .array(
      z.strictObject({
        name: z.string().regex(/^portreeve-[a-z]+$/),
        rules: z.array(
          z.strictObject({
            alert: z.string().regex(/^Portreeve[A-Z][A-Za-z]+$/),
            expr: z.string().min(1),
            for: duration.optional(),
            labels: z.strictObject({ severity: z.enum(['critical', 'warning']) }),
            annotations: z.strictObject({
              summary: z.string().min(1),
              description: z.string().min(1),
              runbook: z.string().min(1),
            }),
          }),
        ),
      }),
    )
    .min(1),
});

const dashboards = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.dashboard.json'))
  .map((file) => ({ file, board: dashboardSchema.parse(JSON.parse(read(file))) }));
const { groups } = rulesSchema.parse(parse(read('alerts.rules.yaml')));
const rules = groups.flatMap((group) => group.rules);
const expressions = [
  ...dashboards.flatMap(({ file, board }) =>
    board.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ where: `${file}: ${title}`, expr }))),
  ),
  ...rules.map(({ alert, expr }) => ({ where: alert, expr })),
];

const SELECTOR = /\b(portreeve_\w+)(?:\{([^}]*)\})?/g;
const selectors = expressions.flatMap(({ where, expr }) =>
  [...expr.matchAll(SELECTOR)].map(([, metric = '', labels = '']) => ({
    ...{ where, expr, metric },
    labels: [...labels.matchAll(/(\w+)(=~?|!=)"([^"]*)"/g)].map(([, label = '', , value = '']) => ({ label, value })),
  })),
);

describe('J4: dashboards and alert rules', () => {
  test('J4: there are some, and each asks for something', () => {
    expect(dashboards.map(({ file }) => file)).toEqual(['governance.dashboard.json', 'health.dashboard.json']);
    expect(new Set(dashboards.map(({ board }) => board.uid)).size).toBe(dashboards.length);
    for (const { board } of dashboards)
      expect(new Set(board.panels.map(({ id }) => id)).size).toBe(board.panels.length);
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const { where, expr } of expressions) expect([where, expr.includes('portreeve_')]).toEqual([where, true]);
  });

  test('J4: every metric, label and figure that they use is one that /metrics gives', () => {
    expect(SERVED.length).toBeGreaterThan(10);
    for (const { where, metric, labels } of selectors) {
      expect([where, metric, SERVED.some(({ name }) => name === metric)]).toEqual([where, metric, true]);
      for (const { label, value } of labels) {
        expect([where, label, METRIC_LABELS[metric]?.includes(label)]).toEqual([where, label, true]);
        if (label === 'figure') expect([where, value, FIGURE_IDS.includes(value)]).toEqual([where, value, true]);
      }
      for (const [, by = ''] of expressions.find((each) => each.where === where)!.expr.matchAll(/by \(([^)]*)\)/g))
        for (const label of by.split(/,\s*/))
          expect([where, label, METRIC_LABELS[metric]]).toEqual([where, label, expect.arrayContaining([label])]);
    }
  });

  test('J4: a counter is looked at by how it grows, and a gauge as it is', () => {
    for (const { where, expr, metric } of selectors) {
      const grows = new RegExp(`(rate|increase)\\(${metric}\\b`).test(expr);
      expect([where, metric, grows]).toEqual([
        where,
        metric,
        SERVED.find(({ name }) => name === metric)!.kind === 'counter',
      ]);
    }
  });

  test('J4: no metric is left out of both dashboards but by name', () => {
    const shown = new Set(selectors.map(({ metric }) => metric));
    expect(SERVED.map(({ name }) => name).filter((name) => !shown.has(name!))).toEqual([
      'portreeve_model_tokens_total',
    ]);
  });

  test('J4: brackets close, and names in texts are labels that are there', () => {
    for (const { where, expr } of expressions)
      for (const [open, close] of ['()', '{}', '[]'] as const)
        expect([where, open, expr.split(open!).length]).toEqual([where, open, expr.split(close!).length]);
    for (const { alert, expr, annotations } of rules)
      for (const [, label = ''] of JSON.stringify(annotations).matchAll(/\$labels\.(\w+)/g))
        expect([alert, new RegExp(`by \\([^)]*\\b${label}\\b`).test(expr)]).toEqual([alert, true]);
  });

  test('J4: what a rule says to do names files and commands that there are', () => {
    for (const { annotations } of rules)
      for (const [file = ''] of annotations.runbook.matchAll(/docs\/[\w/-]+\.md/g))
        expect(readFileSync(join(ROOT, file))).toBeTruthy();
  });
});
