import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import { type Clock, isPortreeveError } from '@portreeve/contract';
import { contextOf, isSampled, linkOf, parentOf, type SpanContext, type Subject, spanOf } from './span-ids.ts';

/** The names of spans. They are stable: dashboards and alerts rest on them. A model attempt is `chat MODEL`. */
export const SPANS = {
  run: 'portreeve.run',
  submit: 'portreeve.submit',
  step: 'portreeve.step',
  proposal: 'portreeve.proposal',
  gate: 'portreeve.gate',
  decide: 'portreeve.decide',
  approval: 'portreeve.approval',
  grant: 'portreeve.grant',
  execution: 'portreeve.execution',
  connector: 'portreeve.connector',
  append: 'portreeve.audit.append',
} as const;

export type SpanAttribute = string | number | boolean | readonly string[];
export type SpanAttributes = Readonly<Record<string, SpanAttribute | null | undefined>>;

/** `OTLP`: opentelemetry/proto/trace/v1 `SpanKind`. */
const KINDS = { internal: 1, server: 2, client: 3 } as const;

/** A span that is over. Times are nanoseconds since 1970. */
export interface EndedSpan extends SpanContext {
  readonly parent: string | null;
  readonly name: string;
  readonly kind: number;
  readonly from: bigint;
  readonly to: bigint;
  readonly attributes: Readonly<Record<string, SpanAttribute>>;
  readonly failed: boolean;
  readonly link: SpanContext | null;
}

/** Where ended spans go. It never waits and never throws. */
export interface SpanSink {
  readonly per_mille: number;
  take(span: EndedSpan): void;
}

interface Beginning {
  readonly name: string;
  readonly kind?: keyof typeof KINDS;
  readonly attributes?: SpanAttributes;
  /** In whose span it is; left out: in the one that goes on, and without one there is no span. */
  readonly of?: Subject;
}

export interface Tracing {
  /** Whether spans go anywhere. */
  readonly on: boolean;
  /** Does the work in a span. `note` adds to it what is known only later. What the work throws is thrown. */
  within<T>(what: Beginning, work: (note: (attributes: SpanAttributes) => void) => T): T;
  /** The span of a run or of a proposal, or of what has an id and is in it, once that is over. */
  over(
    of: Subject,
    what: { readonly name: string; readonly id?: string; readonly from: Date; readonly attributes: SpanAttributes },
  ): void;
  /** A caller asked for this. What it says that it is part of becomes a link, never a parent. */
  entered(of: Subject, from: Date, traceparent: unknown): void;
  /** Whether spans of this are kept: asked before something is read only for them. */
  keeps(of: Subject): boolean;
  /** A span in the one that goes on, ended by its caller; null where there is none. */
  open(name: string, kind: keyof typeof KINDS, attributes: SpanAttributes): OpenSpan | null;
  /** The trace of the span that goes on. */
  current(): SpanContext | null;
}

export interface OpenSpan {
  readonly context: SpanContext;
  note(attributes: SpanAttributes): void;
  end(failed: boolean): void;
}

/** Names, ids, words of closed sets, media types; never a sentence. */
const NAME = /^[\w.:@/+~-]{1,200}$/;
const NOT_SHOWN = '(not shown)';
const ATTRIBUTES_MAX = 32;
/** Spans that were written by their id, remembered so that a repeated step does not write them again. */
const WRITTEN_MAX = 4096;

/**
 * Spans of what a task goes through. INVARIANT: no content. A text that is no name becomes a mark, whoever wrote it.
 * Without a sink there are none, and the work is done all the same.
 */
export function createTracing(options: {
  readonly sink: SpanSink | null;
  readonly clock: Clock;
  /** Milliseconds of a clock that never jumps. */
  readonly elapsed?: () => number;
}): Tracing {
  const { sink, clock, elapsed = () => performance.now() } = options;
  const active = new AsyncLocalStorage<SpanContext | null>();
  const written = new Set<string>();
  const keptTrace = (trace: string) => sink !== null && isSampled(trace, sink.per_mille);

  function begin(what: Beginning, parent: SpanContext): OpenSpan {
    const context = { trace: parent.trace, span: randomBytes(8).toString('hex') };
    const from = nanosOf(clock.now());
    const since = elapsed();
    let attributes = safe(what.attributes ?? {});
    let ended = false;
    return {
      context,
      note(more) {
        attributes = bounded({ ...attributes, ...safe(more) });
      },
      end(failed) {
        if (ended) return;
        ended = true;
        const to = from + BigInt(Math.max(0, Math.round((elapsed() - since) * 1e6)));
        const kind = KINDS[what.kind ?? 'internal'];
        const name = nameOf(what.name);
        sink?.take({ ...context, parent: parent.span, name, kind, from, to, attributes, failed, link: null });
      },
    };
  }

  function tell(of: Subject, told: Omit<EndedSpan, 'trace' | 'to' | 'failed'>): void {
    const { trace } = contextOf(of);
    if (!sink || !keptTrace(trace) || written.has(told.span)) return;
    if (written.size >= WRITTEN_MAX) written.clear();
    written.add(told.span);
    const now = nanosOf(clock.now());
    // The id may be of a process whose clock is before this one's.
    const isBehind = now < told.from;
    sink.take({ ...told, trace, to: isBehind ? told.from : now, failed: false });
  }

  return {
    on: sink !== null,
    within(what, work) {
      const parent = what.of ? contextOf(what.of) : (active.getStore() ?? null);
      if (sink === null || parent === null) return work(() => undefined);
      // What is inside belongs to nothing else, either.
      if (!keptTrace(parent.trace)) return active.run(null, () => work(() => undefined));
      const span = begin(what, parent);
      return active.run(span.context, () => settled(span, () => work(span.note)));
    },
    over(of, { name, id, from, attributes }) {
      const own = contextOf(of);
      const parent = id === undefined ? (parentOf(of)?.span ?? null) : own.span;
      const span = id === undefined ? own.span : spanOf(id);
      const kind = KINDS.internal;
      tell(of, { span, parent, name, kind, from: nanosOf(from), attributes: safe(attributes), link: null });
    },
    entered(of, from, traceparent) {
      const parent = contextOf(of).span;
      const span = randomBytes(8).toString('hex');
      const link = linkOf(traceparent);
      const kind = KINDS.server;
      tell(of, { span, parent, name: SPANS.submit, kind, from: nanosOf(from), attributes: {}, link });
    },
    keeps: (of) => keptTrace(contextOf(of).trace),
    open(name, kind, attributes) {
      const parent = active.getStore() ?? null;
      return parent === null ? null : begin({ name, kind, attributes }, parent);
    },
    current: () => active.getStore() ?? null,
  };
}

/** Ends the span with the work, which may be of now or of later. */
function settled<T>(span: OpenSpan, work: () => T): T {
  const failed = (error: unknown): never => {
    span.note({ 'error.type': isPortreeveError(error) ? error.code : 'error' });
    span.end(true);
    throw error;
  };
  let result: T;
  try {
    result = work();
  } catch (error) {
    return failed(error);
  }
  if (!(result instanceof Promise)) {
    span.end(false);
    return result;
  }
  return result.then((value: unknown) => {
    span.end(false);
    return value;
  }, failed) as T;
}

const nanosOf = (time: Date): bigint => BigInt(time.getTime()) * 1_000_000n;

/** The name of a span may have spaces between its words. */
const nameOf = (name: string): string => (name.split(' ').every((word) => NAME.test(word)) ? name : NOT_SHOWN);

function bounded(attributes: Record<string, SpanAttribute>): Record<string, SpanAttribute> {
  return Object.fromEntries(Object.entries(attributes).slice(0, ATTRIBUTES_MAX));
}

function safe(attributes: SpanAttributes): Record<string, SpanAttribute> {
  const shown = (text: string): string => (NAME.test(text) ? text : NOT_SHOWN);
  const kept = Object.entries(attributes).flatMap(([key, value]): [string, SpanAttribute][] => {
    if (value === null || value === undefined || !NAME.test(key)) return [];
    if (typeof value === 'string') return [[key, shown(value)]];
    if (typeof value === 'object') return [[key, value.slice(0, ATTRIBUTES_MAX).map(shown)]];
    return typeof value === 'number' && !Number.isFinite(value) ? [] : [[key, value]];
  });
  return bounded(Object.fromEntries(kept));
}
