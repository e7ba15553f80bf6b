import {
  type Claims,
  type Json,
  type JsonObject,
  type ModelBlock,
  OFF_PATTERN,
  PortreeveError,
} from '@portreeve/contract';
import { describe, expect, test } from 'vitest';
import { askedSchema } from './check-claims.ts';
import { outputValidator } from './validate-output.ts';

/* What an answer must be besides JSON of the right form: E3, D3. */

const CLAIMS: Claims = { at: '/claims/*', quote: 'quote', evidence: 'evidence', supported: 'supported' };
const claim = (evidence: JsonObject): JsonObject => ({
  type: 'object',
  properties: {
    text: { type: 'string', maxLength: 100 },
    quote: { type: 'string', maxLength: 100 },
    evidence,
    supported: { type: 'boolean' },
  },
  required: ['text', 'quote', 'evidence', 'supported'],
  additionalProperties: false,
});
const answerSchema = (evidence: JsonObject): JsonObject => ({
  type: 'object',
  properties: { claims: { type: 'array', items: claim(evidence), maxItems: 10 } },
  required: ['claims'],
  additionalProperties: false,
});
const ID: JsonObject = { type: 'string', maxLength: 64 };
const shown = (id: string, fields: JsonObject): ModelBlock => ({
  type: 'evidence',
  id: id as never,
  title: 'x',
  text: JSON.stringify(fields),
});
const CONTENT = [
  shown('ev_1', { text: 'Invoice 4711\n  of  ACME, total 1,190.00 EUR', page: 3 }),
  shown('ev_2', { text: 'Payable within 30 days.', note: 'Caf\u0065\u0301' }),
];
const validate = (value: Json, output = answerSchema(ID), more: object = { claims: CLAIMS }) =>
  outputValidator({ output, cites: [], content: CONTENT, ...more })(JSON.stringify(value));

describe('E3 D3: claims that quote what they rest on', () => {
  test.each<[string, string, string, boolean]>([
    ['a passage that stands there', 'ev_1', 'ACME, total 1,190.00 EUR', true],
    ['over a line break', 'ev_1', 'Invoice 4711 of ACME', true],
    ['composed otherwise', 'ev_2', 'Caf\u00e9', true],
    ['a passage of other evidence', 'ev_2', 'Invoice 4711', false],
    ['a passage that stands nowhere', 'ev_1', 'total 1,191.00 EUR', false],
    ['a word less', 'ev_2', 'Payable in 30 days.', false],
    ['across two fields', 'ev_2', 'Payable within 30 days. Caf\u00e9', false],
    ['too little to be found by more than chance', 'ev_1', 'of', false],
    ['nothing', 'ev_1', '', false],
  ])('%s', (_, evidence, quote, supported) => {
    const judged = validate({ claims: [{ text: 'x', quote, evidence }] });
    expect(judged).toMatchObject({
      ok: true,
      value: { claims: [{ supported }] },
      cited: [evidence],
      claims: { count: 1, unsupported: supported ? 0 : 1 },
    });
  });

  test('one of several pieces of evidence is enough; each must have been shown', () => {
    const list = answerSchema({ type: 'array', items: ID, maxItems: 4 });
    const quote = 'Payable within 30 days.';
    const good = validate({ claims: [{ text: 'x', quote, evidence: ['ev_1', 'ev_2'] }] }, list);
    expect(good).toMatchObject({ ok: true, cited: ['ev_1', 'ev_2'], claims: { unsupported: 0 } });
    expect(validate({ claims: [{ text: 'x', quote, evidence: ['ev_2', 'ev_9'] }] }, list)).toMatchObject({
      ok: false,
      repairable: true,
      errors: ['/claims/0/evidence/1 is not the id of evidence that was shown'],
    });
    expect(validate({ claims: [{ text: 'x', quote, evidence: [] }] }, list)).toMatchObject({
      claims: { count: 1, unsupported: 1 },
    });
  });

  test('the model is not asked whether its claims are supported, and may not say so', () => {
    const asked = JSON.stringify(askedSchema(answerSchema(ID), CLAIMS));
    expect(asked).not.toContain('supported');
    const said = { text: 'x', quote: 'nowhere', evidence: 'ev_1', supported: true };
    expect(validate({ claims: [said] })).toMatchObject({ ok: false, repairable: true });
  });

  test('a schema without the claims that its prompt declares is misconfigured', () => {
    expect(() => askedSchema({ type: 'object' }, CLAIMS)).toThrow(PortreeveError);
    expect(() => askedSchema(answerSchema(ID), { ...CLAIMS, quote: 'passage' })).toThrow(/no claims at/);
  });
});

describe('E3: what an answer must mean', () => {
  const output: JsonObject = { type: 'object' };
  const message = 'The lines must add up to the total.';
  const checked = (value: Json, check: JsonObject) => validate(value, output, { checks: [{ message, ...check }] });
  const sum = { check: 'sum', of: '/lines/*/cents', equals: '/total' };
  const order = { check: 'order', first: '/from', last: '/to' };
  const unique = { check: 'unique', of: '/lines/*/number' };
  const stands = { check: 'in_evidence', of: '/number' };

  test.each<[string, Json, JsonObject, boolean]>([
    ['a sum that is right', { lines: [{ cents: 1 }, { cents: 2 }], total: 3 }, sum, true],
    ['a sum that is wrong', { lines: [{ cents: 1 }], total: 2 }, sum, false],
    ['a sum of fractions', { lines: [{ cents: 0.1 }, { cents: 0.2 }], total: 0.3 }, sum, false],
    ['a sum without a total', { lines: [] }, sum, false],
    ['dates in order', { from: '2026-01-31', to: '2026-02-01' }, order, true],
    ['dates out of order', { from: '2026-02-01', to: '2026-01-31' }, order, false],
    ['numbers out of order', { from: 10, to: 9 }, order, false],
    ['a date that is not there', { from: '2026-02-01', to: null }, order, true],
    ['a date and a number', { from: '2026', to: 2027 }, order, false],
    ['different numbers', { lines: [{ number: 1 }, { number: 2 }] }, unique, true],
    ['the same number twice', { lines: [{ number: 1 }, { number: 1 }] }, unique, false],
    ['a number that stands in the evidence', { number: '4711' }, stands, true],
    ['a number that stands nowhere', { number: '4712' }, stands, false],
  ])('%s', (_, value, check, ok) => {
    const judged = checked(value, check);
    expect(judged.ok).toBe(ok);
    // Only the prompt's own words go back to the model.
    if (!ok) expect(judged).toMatchObject({ errors: [message], repairable: true });
  });

  test('how sure the model says it is is read where the prompt says', () => {
    expect(validate({ sure: 71 }, output, { confidence: '/sure' })).toMatchObject({ confidence_percent: 71 });
    expect(validate({ sure: 71 }, output, {})).toMatchObject({ confidence_percent: null });
  });

  test('E7: an answer that says that it is none is told from others', () => {
    expect(validate({ why: 'It is 7.' }, output, {})).toMatchObject({ ok: true, off_pattern: false });
    expect(validate({ why: `${OFF_PATTERN} it is empty` }, output, {})).toMatchObject({ ok: true, off_pattern: true });
  });
});
