import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Downstream, startDownstream } from '@portreeve/server/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askForSummary, endOf } from '../crash/portreeve.ts';
import { startApart, TOOL_CREDENTIAL } from '../support/apart.ts';
import { EXAMPLE } from '../support/case-system.ts';
import { type Person, recordsOf, signIn } from '../support/people.ts';
import { cleanUp, until } from '../support/processes.ts';

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: { readonly key: string; readonly value: Record<string, unknown> }[];
  readonly links?: { readonly traceId: string; readonly spanId: string }[];
  /** `service.instance.id` of who sent it. */
  readonly instance: string;
}

interface ResourceSpans {
  readonly resource: {
    readonly attributes: { readonly key: string; readonly value: { readonly stringValue: string } }[];
  };
  readonly scopeSpans: { readonly spans: Omit<Span, 'instance'>[] }[];
}

const CALLER = { trace: '0af7651916cd43dd8448eb211c80319c', span: 'b7ad6b7169203331' };

let collector: Downstream;
let apart: Awaited<ReturnType<typeof startApart>>;
let run: string;
let spans: Span[];
let auditor: Person;
beforeAll(async () => {
  collector = await startDownstream();
  collector.replyWith((_call, response) => response.writeHead(200).end('{}'));
  apart = await startApart({ collector: collector.url });
  const [analyst, lead] = await Promise.all(
    ['analyst', 'lead'].map((name) => signIn(apart.url, apart.rest.state, name)),
  );
  auditor = await signIn(apart.url, apart.rest.state, 'auditor');
  const traceparent = `00-${CALLER.trace}-${CALLER.span}-01`;
  const asked = await askForSummary(analyst!, { traceparent });
  run = asked.run;
  await lead!.approve(asked.approval);
  await endOf(analyst!, run);
  await until('the spans of both processes', 30_000, async () => {
    spans = received();
    return ['portreeve.run', 'portreeve.execution', 'portreeve.proposal'].every((name) =>
      spans.some((span) => span.name === name),
    );
  });
}, 180_000);
afterAll(async () => {
  await apart?.close();
  await collector?.close();
  await cleanUp();
}, 60_000);

function received(): Span[] {
  return collector.calls
    .filter(({ path }) => path === '/v1/traces')
    .flatMap(({ body }) => (body as { resourceSpans: ResourceSpans[] }).resourceSpans)
    .flatMap(({ resource, scopeSpans }) => {
      const instance = resource.attributes.find(({ key }) => key === 'service.instance.id')!.value.stringValue;
      return scopeSpans.flatMap((scope) => scope.spans.map((span) => ({ ...span, instance })));
    });
}

/** Every text in a value that has more than one word. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return value.includes(' ') ? [value] : [];
  return value !== null && typeof value === 'object' ? Object.values(value).flatMap(textsOf) : [];
}

const named = (name: string) => spans.filter((span) => span.name === name);
const one = (name: string): Span => {
  expect([name, named(name).length]).toEqual([name, 1]);
  return named(name)[0]!;
};

describe('J4: a run through two processes is one trace', () => {
  test('J4: every span has one trace, one root, and a parent that was told', () => {
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
    const ids = spans.map(({ spanId }) => spanId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(spans.filter(({ parentSpanId }) => parentSpanId === undefined).map(({ name }) => name)).toEqual([
      'portreeve.run',
    ]);
    for (const { name, parentSpanId } of spans)
      if (parentSpanId !== undefined) expect([name, ids.includes(parentSpanId)]).toEqual([name, true]);
    for (const { startTimeUnixNano, endTimeUnixNano } of spans)
      expect(BigInt(startTimeUnixNano) <= BigInt(endTimeUnixNano)).toBe(true);
  });

  test('J4: each stage is in it, and hangs where it belongs', () => {
    const parentOf = ({ parentSpanId }: Span) => spans.find(({ spanId }) => spanId === parentSpanId)?.name;
    const root = one('portreeve.run');
    expect(parentOf(one('portreeve.submit'))).toBe('portreeve.run');
    expect(one('portreeve.submit').links).toEqual([{ traceId: CALLER.trace, spanId: CALLER.span }]);
    // What a caller says it is part of decides nothing here.
    expect(root.traceId).not.toBe(CALLER.trace);
    for (const step of named('portreeve.step')) expect(step.parentSpanId).toBe(root.spanId);
    const attempts = spans.filter(({ name }) => name.startsWith('chat '));
    expect(attempts.length).toBeGreaterThan(0);
    for (const attempt of attempts) expect([attempt.kind, parentOf(attempt)]).toEqual([3, 'portreeve.step']);
    expect(parentOf(one('portreeve.proposal'))).toBe('portreeve.run');
    for (const name of ['portreeve.approval', 'portreeve.execution'])
      expect(parentOf(one(name))).toBe('portreeve.proposal');
    expect(new Set(named('portreeve.gate').map(parentOf))).toEqual(new Set(['portreeve.proposal']));
    // At the submit, after the approval, and at the moment of use.
    expect(named('portreeve.decide').map(parentOf)).toEqual(Array(3).fill('portreeve.gate'));
    expect(parentOf(one('portreeve.grant'))).toBe('portreeve.gate');
    expect(parentOf(one('portreeve.connector'))).toBe('portreeve.execution');
    expect(named('portreeve.audit.append').map(parentOf)).toEqual(
      expect.arrayContaining(['portreeve.step', 'portreeve.gate', 'portreeve.execution']),
    );
  });

  test('J4: two processes told it, and the executor told what it did alone', () => {
    expect(new Set(spans.map(({ instance }) => instance)).size).toBe(2);
    const { instance } = one('portreeve.execution');
    expect(instance).toContain(apart.executor.jkt);
    const its = spans.filter((span) => span.instance === instance).map(({ name }) => name);
    expect(new Set(its)).toEqual(new Set(['portreeve.execution', 'portreeve.connector', 'portreeve.audit.append']));
  });

  test('J4: nothing of it is content: no evidence, no reason, no argument, no credential', async () => {
    const sent = JSON.stringify(collector.calls);
    const cases = join(EXAMPLE, 'cases');
    const evidence = await Promise.all((await readdir(cases)).map((name) => readFile(join(cases, name), 'utf8')));
    const messages = evidence
      .join('\n')
      .split('\n')
      .filter((line) => line !== '')
      .flatMap((line) => Object.values(JSON.parse(line) as Record<string, unknown>))
      .filter((value): value is string => typeof value === 'string' && value.includes(' '));
    expect(messages.length).toBeGreaterThan(5);
    // Whatever the record of this run says in more than one word.
    const words = (await recordsOf(auditor, run)).flatMap(({ payload }) => textsOf(payload?.data));
    expect(words.length).toBeGreaterThan(20);
    const secrets = ['I have read all of it', TOOL_CREDENTIAL, 'a-token-for-the-tests-of-roles'];
    for (const text of [...messages, ...words, ...secrets]) expect(sent).not.toContain(text);
    const texts = spans.flatMap(({ attributes }) =>
      attributes.flatMap(({ value }) => JSON.stringify(value).match(/"stringValue":"[^"]*"/g) ?? []),
    );
    for (const text of texts) expect(text).toMatch(/^"stringValue":"([\w.:@/+~-]{1,200}|\(not shown\))"$/);
  });
});
