import { METRICS, type Sample } from './counters.ts';

/** Prometheus text exposition format 0.0.4. */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** The samples as Prometheus reads them: counters, whose names end in `_total`. */
export function prometheusText(samples: readonly Sample[]): string {
  return Object.entries(METRICS)
    .flatMap(([metric, { help }]) => {
      const lines = samples
        .filter((sample) => sample.metric === metric)
        .map(({ labels, workflow, value }) => `${metric}_total{${pairs({ ...labels, workflow })}} ${value}`)
        .sort();
      return [`# HELP ${metric}_total ${help}`, `# TYPE ${metric}_total counter`, ...lines];
    })
    .concat('')
    .join('\n');
}

/** A backslash, a quote and a line feed are escaped in a label's value. */
function pairs(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${value.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`)
    .join(',');
}
