import type { OpenModelsOptions } from '../config/model.ts';
import type { OpenSpan, SpanAttribute, SpanAttributes, Tracing } from './tracing.ts';

type Tracer = NonNullable<OpenModelsOptions['tracer']>;
type Span = ReturnType<Tracer['startSpan']>;
type Attributes = Parameters<Span['setAttributes']>[0];

/** `SpanStatusCode.ERROR` and `SpanKind.CLIENT` of the OpenTelemetry API. */
const ERROR = 2;
const CLIENT = 2;

/** The OpenTelemetry API as `model` writes to it, in the span of the step that asks. Events and messages are not taken. */
export function modelTracer(tracing: Tracing): Tracer {
  const startSpan: Tracer['startSpan'] = (name, { kind, attributes = {} } = {}) =>
    spanOf(tracing.open(name, kind === CLIENT ? 'client' : 'internal', plain(attributes)));
  return {
    startSpan,
    startActiveSpan: (name: string, ...rest: unknown[]) => (rest.at(-1) as (span: Span) => unknown)(startSpan(name)),
  } as Tracer;
}

function spanOf(open: OpenSpan | null): Span {
  let failed = false;
  const span: Span = {
    spanContext: () => ({
      traceId: open?.context.trace ?? '0'.repeat(32),
      spanId: open?.context.span ?? '0'.repeat(16),
      traceFlags: open ? 1 : 0,
    }),
    setAttribute: (key, value) => span.setAttributes({ [key]: value }),
    setAttributes(attributes) {
      open?.note(plain(attributes));
      return span;
    },
    addEvent: () => span,
    addLink: () => span,
    addLinks: () => span,
    updateName: () => span,
    setStatus({ code }) {
      failed = code === ERROR;
      return span;
    },
    end: () => open?.end(failed),
    isRecording: () => open !== null,
    recordException: () => undefined,
  };
  return span;
}

/** Arrays of texts stay arrays; what is neither is left out. */
function plain(attributes: Attributes): SpanAttributes {
  const isText = (each: unknown): each is string => typeof each === 'string';
  const isPlain = (each: unknown): each is string | number | boolean =>
    ['string', 'number', 'boolean'].includes(typeof each);
  return Object.fromEntries(
    Object.entries(attributes).map(([key, value]): [string, SpanAttribute | undefined] => {
      if (Array.isArray(value)) return [key, value.filter(isText)];
      return [key, isPlain(value) ? value : undefined];
    }),
  );
}
