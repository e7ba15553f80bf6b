import { describe, expect, test } from 'vitest';
import { reviewSource, SOURCE_RULES, type SourceRule } from './source-review.ts';
import { type SourceContract, sourceContractSchema } from './workflow.ts';

const systems = {
  desk: { url: 'https://desk.acme.example', private: false },
  bare: { url: 'http://bare.acme.example', private: false },
};
const object = (properties: SourceContract['query']) => ({ type: 'object', properties, additionalProperties: false });
const ticket = { type: 'string', pattern: '^T-[0-9]{1,6}$' };
const http = { kind: 'http', url: 'system://desk/tickets/{ticket}', credential: 'desk-read-token' } as const;

const source = (change: Partial<SourceContract> = {}): SourceContract =>
  sourceContractSchema.parse({
    ...{ name: 'ticket-text', version: '1.0', title: 'The text of a ticket' },
    ...{ integrity: 'untrusted', confidentiality: 'internal', categories: [] },
    query: object({ ticket }),
    fields: [{ name: 'text', max_chars: 4000 }],
    limits: { max_items: 20, max_bytes: 4096 },
    binding: http,
    ...change,
  });
const review = (contract: SourceContract) => reviewSource(contract, { systems });

describe('A3 D8: a source under review', () => {
  test('a sound one has no fault', () => {
    expect(review(source())).toEqual([]);
    expect(review(source({ query: object({}), binding: { kind: 'attachment' } }))).toEqual([]);
    const file = { kind: 'file', folder: 'tickets', pattern: '{ticket}.jsonl' } as const;
    expect(review(source({ binding: file, integrity: 'trusted', confidentiality: 'public' }))).toEqual([]);
  });

  const attached = { query: object({}), binding: { kind: 'attachment' } } as const;
  const CASES: readonly [SourceRule, string, SourceContract, string, string][] = [
    [
      'fields',
      'a field twice',
      source({ fields: [0, 1].map(() => ({ name: 'a', max_chars: 9 })) }),
      'fields[1].name',
      'twice',
    ],
    ['binding', 'a place that nothing fills', source({ query: object({}) }), 'binding', '{ticket} is no member'],
    [
      'binding',
      'a question without a place',
      source({ query: object({ ticket, more: { enum: ['x'] } }) }),
      'query.more',
      'has no place',
    ],
    [
      'bounds',
      'free text in an address',
      source({ query: object({ ticket: { type: 'string' } }) }),
      'query.ticket',
      'maxLength',
    ],
    ['label', 'an attachment that is trusted', source({ ...attached, integrity: 'trusted' }), 'integrity', 'anybody'],
    [
      'label',
      'logs that are internal',
      source({ holds: 'logs', integrity: 'internal' }),
      'integrity',
      'writes into a log',
    ],
    ['label', 'public, behind a credential', source({ confidentiality: 'public' }), 'confidentiality', 'a credential'],
    [
      'label',
      'a public attachment',
      source({ ...attached, confidentiality: 'public' }),
      'confidentiality',
      'nobody knows',
    ],
    [
      'label',
      'public personal data',
      source({ confidentiality: 'public', categories: ['personal'], binding: { ...http, credential: undefined } }),
      'confidentiality',
      'personal data',
    ],
    [
      'host',
      'no declared system',
      source({ binding: { ...http, url: 'https://else.example/{ticket}' } }),
      'binding',
      'no declared',
    ],
    [
      'plain',
      'clear text',
      source({ binding: { ...http, url: 'system://bare/{ticket}' } }),
      'binding',
      'without encryption',
    ],
  ];
  test.each(CASES)('%s: %s', (rule, _name, contract, path, message) => {
    const faults = review(contract);
    expect(faults).toEqual([
      {
        source: 'ticket-text',
        rule,
        path,
        message: expect.stringContaining(message),
        fix: expect.stringMatching(/^[A-Z].+\.$/),
      },
    ]);
  });

  test('each rule is tried', () => {
    expect(new Set(CASES.map(([rule]) => rule))).toEqual(new Set(SOURCE_RULES));
  });
});
