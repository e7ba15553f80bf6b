import {
  type Arguments,
  at,
  BOTTOM,
  join,
  type Label,
  Labelled,
  type Quarantine,
  type ToolContract,
} from '@portreeve/contract';
import { testContract } from '@portreeve/execute/testing';
import { describe, expect, test } from 'vitest';
import { openArguments, stringsOf, untrustedSinks } from './arguments.ts';

const label = (over: Partial<Label>): Label => ({ ...BOTTOM, ...over });
const DOCUMENT = label({ integrity: 'untrusted', confidentiality: 'confidential', origins: ['case-logs'] });
const RECORD = label({ integrity: 'internal', categories: ['customer'], origins: ['crm'] });
const MODEL = label({ integrity: 'untrusted', origins: ['case-logs', 'model:summarize'] });
const MODEL_ONLY = label({ integrity: 'internal', origins: ['model:summarize'] });
const REQUEST = { case_id: 'case-7', who: { name: 'Ada Lovelace' }, tags: ['urgent'], short: 'abc', empty: '', n: 42 };
const kinds = (args: Arguments) =>
  Object.fromEntries(openArguments(args, REQUEST).provenance.map(({ path, kind }) => [path, kind]));

describe('D6: where each argument came from', () => {
  test.each<[string, Arguments[string], string]>([
    ['a value of the request', 'case-7', 'request'],
    ['a value deep in the request', 'Ada Lovelace', 'request'],
    ['a value in a list of the request', 'urgent', 'request'],
    ['a value of the request that a model repeats', new Labelled('case-7', MODEL), 'request'],
    ['a value of the request with a letter more', new Labelled('case-7 ', MODEL), 'model'],
    ['what the code wrote', 'a fixed text', 'constant'],
    ['a number that the code wrote', 42, 'constant'],
    ['what a model wrote', new Labelled('send it to evil.example', MODEL), 'model'],
    ['what a model wrote that saw nothing untrusted', new Labelled('free text', MODEL_ONLY), 'model'],
    ['text of an untrusted document', new Labelled('evil.example', DOCUMENT), 'untrusted-document'],
    ['a field of a trusted record', new Labelled('crm-4711', RECORD), 'trusted-record'],
    ['a short text that also stands in the request', new Labelled('abc', DOCUMENT), 'untrusted-document'],
    ['an empty text that also stands in the request', new Labelled('', DOCUMENT), 'untrusted-document'],
    ['a number that also stands in the request', new Labelled(42, DOCUMENT), 'untrusted-document'],
    ['true, null and zero of a model', new Labelled(null, MODEL), 'model'],
  ])('%s', (_, value, kind) => {
    expect(kinds({ value })).toEqual({ '/value': kind });
  });

  test('each leaf has its own path, escaped as RFC 6901 says, and the origins of its label', () => {
    const { args, provenance } = openArguments(
      { 'a/b~c': [{ x: new Labelled({ deep: ['case-7', 'other text'] }, MODEL) }, 'fixed'] },
      REQUEST,
    );
    expect(args).toEqual({ 'a/b~c': [{ x: { deep: ['case-7', 'other text'] } }, 'fixed'] });
    expect(provenance).toEqual([
      { path: '/a~1b~0c/0/x/deep/0', kind: 'request', origins: ['request'] },
      { path: '/a~1b~0c/0/x/deep/1', kind: 'model', origins: ['case-logs', 'model:summarize'] },
      { path: '/a~1b~0c/1', kind: 'constant', origins: [] },
    ]);
  });

  test('an empty list or object of a model is a value too', () => {
    expect(kinds({ to: new Labelled([], MODEL), map: new Labelled({ a: {} }, MODEL), none: [] })).toEqual({
      '/to': 'model',
      '/map/a': 'model',
    });
  });

  test('D5 INV7: the label of the whole is the join of all labels, also of values that the request has too', () => {
    const { label: whole } = openArguments(
      { a: new Labelled('case-7', RECORD), b: { c: [new Labelled('x', DOCUMENT)] }, d: 'fixed' },
      REQUEST,
    );
    expect(whole).toEqual({
      integrity: 'untrusted',
      confidentiality: 'confidential',
      categories: ['customer'],
      origins: ['case-logs', 'crm'],
    });
    expect(openArguments({ d: 'fixed' }, REQUEST).label).toEqual(BOTTOM);
  });

  test('a labelled value that holds something else than JSON is refused', () => {
    const bad = (value: unknown) => () => openArguments({ x: new Labelled(value, MODEL) }, REQUEST);
    expect(bad(undefined)).toThrow(expect.objectContaining({ code: 'bad_input' }));
    expect(bad(undefined)).toThrow('/x points at a value that is not there');
    for (const value of [{ a: undefined }, Number.NaN, () => 1, new Labelled('inner', MODEL), new Date()])
      expect(bad(value)).toThrow(/undefined|finite|JSON form|plain object/);
  });

  test('a member called __proto__ stays a member', () => {
    const { args, provenance } = openArguments(
      { x: new Labelled(JSON.parse('{"__proto__":{"admin":true}}'), MODEL) },
      REQUEST,
    );
    expect(JSON.stringify(args)).toBe('{"x":{"__proto__":{"admin":true}}}');
    expect(provenance).toEqual([expect.objectContaining({ path: '/x/__proto__/admin', kind: 'model' })]);
    expect(Object.getPrototypeOf(args.x as object)).toBe(Object.prototype);
  });
});

describe('D6: sinks that an untrusted value reaches', () => {
  const contract: ToolContract = testContract({
    sinks: [
      { path: '/to', kind: 'recipient' },
      { path: '/case/id', kind: 'target' },
      { path: '/sum', kind: 'amount' },
      { path: '/text', kind: 'payload' },
      { path: '/cc', kind: 'recipient' },
    ],
  });
  const sinks = (args: Arguments) => untrustedSinks(contract, openArguments(args, REQUEST).provenance);

  test('values of the request, of code and of trusted records are none', () => {
    expect(sinks({ to: 'Ada Lovelace', case: { id: new Labelled('case-7', MODEL) }, sum: 5, text: 'fixed' })).toEqual(
      [],
    );
    expect(sinks({ to: new Labelled('crm-4711', RECORD) })).toEqual([]);
  });

  test('each kind is named once, in order', () => {
    const evil = new Labelled('evil', MODEL);
    expect(sinks({ to: evil, cc: evil, case: { id: evil }, sum: new Labelled(1e9, DOCUMENT), text: evil })).toEqual([
      'amount',
      'payload',
      'recipient',
      'target',
    ]);
  });

  test('a value below a sink counts for it, and one with a longer name does not', () => {
    expect(sinks({ to: [{ address: new Labelled('evil', DOCUMENT) }] })).toEqual(['recipient']);
    expect(sinks({ to: new Labelled([], MODEL) })).toEqual(['recipient']);
    expect(sinks({ topic: new Labelled('evil', DOCUMENT), case: { idea: new Labelled('evil', DOCUMENT) } })).toEqual(
      [],
    );
  });
});

test('every string of the arguments is found, at any depth', () => {
  expect([...stringsOf({ a: 'x', b: [{ c: 'y' }, ['z', 1, null]], d: true })].sort()).toEqual(['x', 'y', 'z']);
});

describe('D6: what was answered in quarantine', () => {
  const schema = {
    type: 'object',
    properties: {
      queue: { enum: ['billing', 'support'] },
      count: { type: 'integer', minimum: 0, maximum: 255 },
      days: { type: 'array', maxItems: 2, items: { type: 'string', format: 'date' } },
      text: { type: 'string' },
    },
    required: ['queue', 'count', 'days', 'text'],
    additionalProperties: false,
  };
  const answered = (over: object = {}) => {
    const value = { queue: 'billing', count: 7, days: ['2026-11-21'], text: 'free text', ...over };
    const answer = new Labelled(value, MODEL);
    return { answer, quarantine: { answers: [{ id: 'q1', answer, schema }], planned: [], bits: 9 } };
  };
  const traced = (args: Arguments, quarantine: Quarantine) =>
    Object.fromEntries(
      openArguments(args, REQUEST, quarantine).provenance.map(({ path, kind, bits }) => [path, bits ?? kind]),
    );

  test('each part is bounded by its type, whichever way it is taken; text stays a model’s', () => {
    const { answer, quarantine } = answered();
    expect(traced({ all: answer, one: at(answer, '/queue'), day: at(at(answer, '/days'), '/0') }, quarantine)).toEqual({
      '/all/queue': 1,
      '/all/count': 8,
      '/all/days/0': 22,
      '/all/text': 'model',
      '/one': 1,
      '/day': 22,
    });
    expect(traced({ none: at(answered({ days: [] }).answer, '/days') }, quarantine)).toEqual({ '/none': 'model' });
  });

  test('what does not fit its type is free text, and so is the same value of another making', () => {
    const changed = answered({ queue: 'mallory@evil.example', count: 256 });
    expect(
      traced({ queue: at(changed.answer, '/queue'), count: at(changed.answer, '/count') }, changed.quarantine),
    ).toEqual({ '/queue': 'model', '/count': 'model' });
    expect(traced({ queue: new Labelled('billing', MODEL) }, changed.quarantine)).toEqual({ '/queue': 'model' });
  });

  test('a planner’s handle is the value, with its label; another answer’s text of the same form is text', () => {
    const { answer, quarantine } = answered();
    const plan = new Labelled({ to: '«handle:q1/queue»' }, MODEL_ONLY);
    const planned = { ...quarantine, planned: [{ answer: plan, handles: ['«handle:q1»'] }] };
    const opened = openArguments({ to: at(plan, '/to') }, REQUEST, planned);
    expect(opened.args).toEqual({ to: 'billing' });
    expect(opened.provenance).toMatchObject([{ path: '/to', kind: 'bounded', bits: 1, carries: 'choice' }]);
    expect(opened.label).toEqual(join(answer.label, MODEL_ONLY));
    const copied = new Labelled('«handle:q1/queue»', DOCUMENT);
    expect(openArguments({ to: copied }, REQUEST, planned).args).toEqual({ to: '«handle:q1/queue»' });
    const narrower = { ...quarantine, planned: [{ answer: plan, handles: ['«handle:q1/text»'] }] };
    expect(() => openArguments({ to: plan }, REQUEST, narrower)).toThrow('was not shown');
  });

  test('it may choose to whom among listed values, but no number and never how much', () => {
    const sinksOf = (kind: 'recipient' | 'amount', part: string) => {
      const { answer, quarantine } = answered();
      const contract = { ...testContract(), sinks: [{ path: '/x', kind }] };
      return untrustedSinks(contract, openArguments({ x: at(answer, part) }, REQUEST, quarantine).provenance);
    };
    expect(sinksOf('recipient', '/queue')).toEqual([]);
    expect(sinksOf('recipient', '/count')).toEqual(['recipient']);
    expect(sinksOf('amount', '/queue')).toEqual(['amount']);
  });
});
