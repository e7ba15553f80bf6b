import type { JsonObject } from '@portreeve/contract';
import { METRICS, type Sample } from './counters.ts';

/** `AGGREGATION_TEMPORALITY_CUMULATIVE` (opentelemetry/proto/metrics/v1). */
const CUMULATIVE = 2;

/**
 * The samples as an `ExportMetricsServiceRequest` in OTLP's JSON: monotonic cumulative sums of integers, which JSON has as
 * text. The resource names the service, its version and its environment; `instance` tells several servers of one log apart.
 */
export function otlpMetrics(
  samples: readonly Sample[],
  about: {
    readonly version: string;
    readonly environment: string;
    readonly instance: string;
    readonly started: Date;
    readonly now: Date;
  },
): JsonObject {
  const nanos = (time: Date): string => `${BigInt(time.getTime()) * 1_000_000n}`;
  const point = ({ labels, workflow, value }: Sample): JsonObject => ({
    attributes: attributes({ ...labels, workflow }),
    startTimeUnixNano: nanos(about.started),
    timeUnixNano: nanos(about.now),
    asInt: String(value),
  });
  const metrics = Object.entries(METRICS).flatMap(([name, { help, unit }]): JsonObject[] => {
    const dataPoints = samples.filter(({ metric }) => metric === name).map(point);
    if (dataPoints.length === 0) return [];
    const sum = { aggregationTemporality: CUMULATIVE, isMonotonic: true, dataPoints };
    return [{ name, description: help, unit, sum }];
  });
  const resource = {
    'service.name': 'portreeve',
    'service.version': about.version,
    'service.instance.id': about.instance,
    'deployment.environment.name': about.environment,
  };
  return {
    resourceMetrics: [
      {
        resource: { attributes: attributes(resource) },
        scopeMetrics: [{ scope: { name: 'portreeve', version: about.version }, metrics }],
      },
    ],
  };
}

function attributes(pairs: Readonly<Record<string, string>>): JsonObject[] {
  return Object.entries(pairs).map(([key, stringValue]) => ({ key, value: { stringValue } }));
}
