import type { JsonObject } from '@portreeve/contract';
import { type About, otlpResource, textAttribute } from './otlp-resource.ts';
import type { EndedSpan, SpanAttribute } from './tracing.ts';

/** `STATUS_CODE_ERROR` (opentelemetry/proto/trace/v1). */
const ERROR = 2;

/** Spans as an `ExportTraceServiceRequest` in OTLP's JSON: ids are hex there, and 64-bit numbers text. */
export function otlpTraces(spans: readonly EndedSpan[], about: About): JsonObject {
  return {
    resourceSpans: [
      {
        resource: otlpResource(about),
        scopeSpans: [{ scope: { name: 'portreeve', version: about.version }, spans: spans.map(spanOf) }],
      },
    ],
  };
}

function spanOf({ trace, span, parent, name, kind, from, to, attributes, failed, link }: EndedSpan): JsonObject {
  return {
    traceId: trace,
    spanId: span,
    ...(parent === null ? {} : { parentSpanId: parent }),
    ...{ name, kind },
    startTimeUnixNano: String(from),
    endTimeUnixNano: String(to),
    attributes: Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) })),
    ...(failed ? { status: { code: ERROR } } : {}),
    ...(link === null ? {} : { links: [{ traceId: link.trace, spanId: link.span }] }),
  };
}

function anyValue(value: SpanAttribute): JsonObject {
  if (typeof value === 'string') return textAttribute(value);
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'object') return { arrayValue: { values: value.map(textAttribute) } };
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}
