import { labelsOf, METRICS, type Sample } from './counters.ts';

/** Prometheus text exposition format 0.0.4. */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** As Prometheus names a metric: a counter ends in `_total`. */
export const prometheusName = (metric: keyof typeof METRICS): string =>
  METRICS[metric].kind === 'counter' ? `${metric}_total` : metric;

/** The samples as Prometheus reads them. A metric without a sample is named all the same. */
export function prometheusText(samples: readonly Sample[]): string {
  return (Object.keys(METRICS) as (keyof typeof METRICS)[])
    .flatMap((metric) => {
      const name = prometheusName(metric);
      const { help, kind } = METRICS[metric];
      const lines = samples
        .filter((sample) => sample.metric === metric)
        .map((sample) => `${name}${pairs(labelsOf(sample))} ${sample.value}`)
        .sort();
      return [`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`, ...lines];
    })
    .concat('')
    .join('\n');
}

/** A backslash, a quote and a line feed are escaped in a label's value. */
function pairs(labels: Readonly<Record<string, string>>): string {
  const all = Object.entries(labels).map(
    ([name, value]) => `${name}="${value.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`,
  );
  return all.length === 0 ? '' : `{${all.join(',')}}`;
}
