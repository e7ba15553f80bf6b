import type { JsonObject } from '@portreeve/contract';
import { type About, otlpAttributes, otlpResource } from '../../telemetry/otlp-resource.ts';
import { labelsOf, METRICS, type Sample } from './counters.ts';

/** `AGGREGATION_TEMPORALITY_CUMULATIVE` (opentelemetry/proto/metrics/v1). */
const CUMULATIVE = 2;

/**
 * The samples as an `ExportMetricsServiceRequest` in OTLP's JSON: monotonic cumulative sums, and gauges, of integers,
 * which JSON has as text. The resource names the service, its version and its environment; `instance` tells several servers of one log apart.
 */
export function otlpMetrics(
  samples: readonly Sample[],
  about: About & { readonly started: Date; readonly now: Date },
): JsonObject {
  const nanos = (time: Date): string => `${BigInt(time.getTime()) * 1_000_000n}`;
  const point = (sample: Sample): JsonObject => ({
    attributes: otlpAttributes(labelsOf(sample)),
    startTimeUnixNano: nanos(about.started),
    timeUnixNano: nanos(about.now),
    asInt: String(sample.value),
  });
  const metrics = Object.entries(METRICS).flatMap(([name, { help, unit, kind }]): JsonObject[] => {
    const dataPoints = samples.filter(({ metric }) => metric === name).map(point);
    if (dataPoints.length === 0) return [];
    if (kind === 'gauge') return [{ name, description: help, unit, gauge: { dataPoints } }];
    const sum = { aggregationTemporality: CUMULATIVE, isMonotonic: true, dataPoints };
    return [{ name, description: help, unit, sum }];
  });
  return {
    resourceMetrics: [
      {
        resource: otlpResource(about),
        scopeMetrics: [{ scope: { name: 'portreeve', version: about.version }, metrics }],
      },
    ],
  };
}
