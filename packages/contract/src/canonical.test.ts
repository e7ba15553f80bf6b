import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  assertJson,
  canonicalJson,
  digestOf,
  digestOfText,
  digestSchema,
  JSON_LIMITS,
  jsonObjectSchema,
  jsonSchema,
  NotCanonical,
} from './canonical.ts';

/** The example of RFC 8785, section 3.2.2. */
const RFC_EXAMPLE = String.raw`{
  "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
  "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
  "literals": [null, true, false]
}`;

/** Its bytes, from RFC 8785, section 3.2.4. */
const RFC_EXAMPLE_HEX =
  '7b226c69746572616c73223a5b6e756c6c2c747275652c66616c73655d2c226e756d62657273223a5b3333333333333333332e33333333333333' +
  '2c31652b33302c342e352c302e3030322c31652d32375d2c22737472696e67223a22e282ac245c75303030665c6e4127425c225c5c5c5c5c222f227d';

/** RFC 8785, appendix B: an IEEE 754 double as hex, and its text. */
const RFC_NUMBERS: readonly (readonly [string, string])[] = [
  ['0000000000000000', '0'],
  ['8000000000000000', '0'],
  ['0000000000000001', '5e-324'],
  ['8000000000000001', '-5e-324'],
  ['7fefffffffffffff', '1.7976931348623157e+308'],
  ['ffefffffffffffff', '-1.7976931348623157e+308'],
  ['4340000000000000', '9007199254740992'],
  ['c340000000000000', '-9007199254740992'],
  ['4430000000000000', '295147905179352830000'],
  ['44b52d02c7e14af5', '9.999999999999997e+22'],
  ['44b52d02c7e14af6', '1e+23'],
  ['44b52d02c7e14af7', '1.0000000000000001e+23'],
  ['444b1ae4d6e2ef4e', '999999999999999700000'],
  ['444b1ae4d6e2ef4f', '999999999999999900000'],
  ['444b1ae4d6e2ef50', '1e+21'],
  ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
  ['3eb0c6f7a0b5ed8d', '0.000001'],
  ['41b3de4355555553', '333333333.3333332'],
  ['41b3de4355555554', '333333333.33333325'],
  ['41b3de4355555555', '333333333.3333333'],
  ['41b3de4355555556', '333333333.3333334'],
  ['41b3de4355555557', '333333333.33333343'],
  ['becbf647612f3696', '-0.0000033333333333333333'],
  ['43143ff3c1cb0959', '1424953923781206.2'],
];

const double = (hex: string) => Buffer.from(hex, 'hex').readDoubleBE();
const bytesOf = (text: string) => Buffer.from(text, 'utf8').toString('hex');

describe('RFC 8785', () => {
  test('INV5: the example of section 3.2 gives the bytes of section 3.2.4', () => {
    expect(bytesOf(canonicalize(JSON.parse(RFC_EXAMPLE)) ?? '')).toBe(RFC_EXAMPLE_HEX);
  });

  test('INV5: the example without its 1E30 (beyond our integers) gives the same bytes without it', () => {
    const value = JSON.parse(RFC_EXAMPLE.replace(' 1E30,', '')) as unknown;
    expect(bytesOf(canonicalJson(value))).toBe(RFC_EXAMPLE_HEX.replace(bytesOf('1e+30,'), ''));
    expect(() => canonicalJson(JSON.parse(RFC_EXAMPLE))).toThrow(/beyond 2\^53/);
  });

  test('INV5: member names are sorted by UTF-16 code units (section 3.2.3)', () => {
    const value = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    };
    const order = [...canonicalJson(value).matchAll(/:"([^"]+)"/g)].map((match) => match[1]);
    expect(order).toEqual([
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ]);
  });

  test.each(RFC_NUMBERS)('INV5: the number %s is written as appendix B says, or refused', (hex, text) => {
    const number = double(hex);
    expect(canonicalize(number)).toBe(text);
    if (Number.isInteger(number) && !Number.isSafeInteger(number))
      expect(() => canonicalJson(number)).toThrow(NotCanonical);
    else expect(canonicalJson(number)).toBe(text);
  });

  test('INV5: NaN and the infinities are errors (appendix B)', () => {
    for (const hex of ['7fffffffffffffff', '7ff0000000000000', 'fff0000000000000'])
      expect(() => canonicalJson(double(hex))).toThrow(NotCanonical);
  });

  test('strings: control characters are escaped, the rest is left as it is, nothing is normalised', () => {
    expect(canonicalJson('\b\t\n\f\r\u0000\u001f\u007f\u2028"\\/')).toBe(
      '"\\b\\t\\n\\f\\r\\u0000\\u001f\u007f\u2028\\"\\\\/"',
    );
    expect(canonicalJson('\u00e9')).not.toBe(canonicalJson('e\u0301'));
  });
});

describe('canonicalJson', () => {
  test('does not depend on the order of members, at any depth', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        fc.pre(accepted(value));
        expect(canonicalJson(reversed(value))).toBe(canonicalJson(value));
      }),
    );
  });

  test('is JSON that reads back as the same value, and its own canonical text', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        fc.pre(accepted(value));
        const text = canonicalJson(value);
        expect(canonicalJson(JSON.parse(text))).toBe(text);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test('INV5: is what another implementation of RFC 8785 writes, and refuses exactly what assertJson refuses', () => {
    fc.assert(
      fc.property(fc.oneof(json, fc.jsonValue({ maxDepth: 4 }), almostJson), (value) => {
        const fault = faultOf(() => assertJson(value));
        expect(faultOf(() => canonicalJson(value))).toBe(fault);
        if (fault === null) expect(canonicalJson(value)).toBe(canonicalize(value));
      }),
      { numRuns: 3000, verbose: 1 },
    );
  });

  test('INV5: sorts few names and many names alike', () => {
    for (const count of [2, 23, 24, 25, 26, 300]) {
      fc.assert(
        fc.property(fc.uniqueArray(name, { minLength: count, maxLength: count }), (names) => {
          const value = Object.fromEntries(names.map((member, i) => [member, i]));
          expect(canonicalJson(value)).toBe(canonicalize(value));
        }),
        { numRuns: 40, verbose: 1 },
      );
    }
  });

  test('INV5: quotes short texts and long texts alike, every character of the first plane among them', () => {
    const wrong: string[] = [];
    for (let code = 0; code <= 0xffff; code++) {
      const char = String.fromCharCode(code);
      for (const text of [char, `${'a'.repeat(63)}${char}`, `${'a'.repeat(64)}${char}`]) {
        const fault = faultOf(() => canonicalJson(text));
        if (char.isWellFormed() ? fault !== null : fault !== 'a string holds a lone surrogate') wrong.push(text);
        else if (fault === null && canonicalJson([text]) !== canonicalize([text])) wrong.push(text);
        if (code < 0x300 && canonicalJson({ [text]: 1 }) !== canonicalize({ [text]: 1 })) wrong.push(text);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('of several faults the first as the members stand is named, not the first by name', () => {
    expect(faultOf(() => canonicalJson({ b: Number.NaN, a: undefined }))).toBe('a number is not finite');
    expect(faultOf(() => canonicalJson({ b: undefined, a: Number.NaN }))).toBe('member "b" is undefined');
    expect(faultOf(() => canonicalJson({ b: 1, a: [1n] }))).toBe('a bigint has no JSON form');
  });

  test('reads each member once: what was checked is what is written', () => {
    let reads = 0;
    const value = {
      get a() {
        return ++reads === 1 ? 'checked' : Number.NaN;
      },
    };
    expect(canonicalJson(value)).toBe('{"a":"checked"}');
  });

  test('calls no toJSON, which could say something else than what stands there', () => {
    const list = Object.assign([1], { toJSON: () => 'x' });
    const hidden = Object.defineProperty({ a: 1 }, 'toJSON', { value: () => 'x' });
    expect(canonicalJson([list, hidden])).toBe('[[1],{"a":1}]');
  });

  test('keeps a member named __proto__ as a member', () => {
    expect(canonicalJson(JSON.parse('{"a":2,"__proto__":{"b":1}}'))).toBe('{"__proto__":{"b":1},"a":2}');
  });

  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['an undefined member', { a: undefined }],
    ['an undefined item', [undefined]],
    ['a hole in an array', new Array(1)],
    ['NaN', { a: Number.NaN }],
    ['Infinity', [Number.POSITIVE_INFINITY]],
    ['a bigint', 1n],
    ['a function', () => 1],
    ['a symbol', Symbol('a')],
    ['a lone high surrogate', '\ud83d'],
    ['a lone low surrogate', { a: ['x\ude00'] }],
    ['a member name with a lone surrogate', { '\ud83d': 1 }],
    ['an integer beyond 2^53', 2 ** 53],
    ['a Date', new Date(0)],
    ['a Map', new Map([['a', 1]])],
    ['a Buffer', Buffer.from('a')],
    ['a boxed string', new String('a')],
    ['an object with its own toJSON', { toJSON: () => 'x' }],
  ])('INV5: refuses %s', (_name, value) => {
    expect(() => canonicalJson(value)).toThrow(NotCanonical);
    expect(() => digestOf(value)).toThrow(NotCanonical);
  });

  test('refuses a cycle', () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    expect(() => canonicalJson(cycle)).toThrow(NotCanonical);
  });

  test('allows the stated depth and refuses one level more', () => {
    const nested = (levels: number) => JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as unknown;
    // The innermost array stands at depth `levels - 1`.
    expect(canonicalJson(nested(JSON_LIMITS.depth + 1))).toHaveLength(2 * (JSON_LIMITS.depth + 1));
    expect(() => canonicalJson(nested(JSON_LIMITS.depth + 2))).toThrow(/deeper than 32/);
    expect(() => canonicalJson(nested(5000))).toThrow(NotCanonical);
  });

  test('allows the stated number of values and refuses one more', () => {
    const many = (count: number) => new Array<number>(count).fill(0);
    expect(() => assertJson(many(JSON_LIMITS.nodes - 1))).not.toThrow();
    expect(() => assertJson(many(JSON_LIMITS.nodes))).toThrow(/more than 100000/);
  });
});

describe('digests', () => {
  test('INV5: are SHA-256 in lower-case hex with the name of the algorithm', () => {
    expect(digestOfText('')).toBe('sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(digestOfText('abc')).toBe('sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(digestOfText(new Uint8Array([0x61, 0x62, 0x63]))).toBe(digestOfText('abc'));
    expect(digestSchema.safeParse(digestOf({})).success).toBe(true);
  });

  test('INV5: digestOf is the SHA-256 of the canonical UTF-8 bytes, as OpenSSL computes it', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
        fc.pre(accepted(value));
        const expected = createHash('sha256').update(canonicalJson(value), 'utf8').digest('hex');
        expect(digestOf(value)).toBe(`sha256:${expected}`);
      }),
    );
  });

  test('digestSchema refuses another algorithm, upper case, and a wrong length', () => {
    for (const text of [
      `sha1:${'0'.repeat(64)}`,
      `sha256:${'A'.repeat(64)}`,
      `sha256:${'0'.repeat(63)}`,
      '',
      'sha256:',
    ])
      expect(digestSchema.safeParse(text).success).toBe(false);
  });
});

describe('jsonSchema and jsonObjectSchema', () => {
  test('pass JSON on as it is', () => {
    const value = { a: [1, 'x', null, { b: false }] };
    expect(jsonSchema.parse(value)).toEqual(value);
    expect(jsonObjectSchema.parse(value)).toEqual(value);
    const text = '{"a":{"__proto__":{"b":[{"__proto__":3}]}}}';
    expect(JSON.stringify(jsonSchema.parse(JSON.parse(text)))).toBe(text);
    expect(JSON.stringify(jsonObjectSchema.parse(JSON.parse(text)))).toBe(text);
    expect(JSON.stringify(jsonSchema.parse(JSON.parse('{"__proto__":1}')))).toBe('{"__proto__":1}');
  });
  test('name the reason as an issue and do not throw by themselves', () => {
    const result = jsonObjectSchema.safeParse({ a: Number.NaN });
    expect(result.success).toBe(false);
    expect(jsonSchema.safeParse('\ud83d').error?.issues[0]?.message).toContain('lone surrogate');
    for (const other of [[1], null, 'x', undefined]) expect(jsonObjectSchema.safeParse(other).success).toBe(false);
  });
});

/** Names and texts with what has to be escaped, what sorts differently by code points, and what is cut in half. */
const char = fc.oneof(
  fc.constantFrom(...'ab"\\/\u0000\u001f\u007f\u2028\u00e9\u20ac\ufb33\uffff', '\ud83d\ude00', '__proto__', '1'),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
);
const name = fc.string({ unit: char, maxLength: 9 });
const { json } = fc.letrec((tie) => ({
  json: fc.oneof(
    { maxDepth: 5, depthSize: 'medium' },
    fc.constantFrom(null, true, false, 0, -0, 1e-7, 2 ** 53 - 1, -1.5e300),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    name,
    fc.string({ unit: char, minLength: 50, maxLength: 90 }),
    fc.array(tie('json'), { maxLength: 4 }),
    fc.dictionary(name, tie('json'), { maxKeys: 30 }),
  ),
}));
/** The same with faults in it, several at once. */
const fault = fc.constantFrom<unknown[]>(undefined, Number.NaN, 2 ** 53, 1n, '\ud83d', new Date(0), Symbol.iterator);
const almostJson = fc.array(
  fc.dictionary(fc.oneof(name, fc.constantFrom('\ude00', 'x\ud83d')), fc.oneof(json, fault, fc.array(fault)), {
    maxKeys: 6,
  }),
  { maxLength: 4 },
);

function faultOf(run: () => unknown): string | null {
  try {
    run();
    return null;
  } catch (error) {
    if (!(error instanceof NotCanonical)) throw error;
    return error.message;
  }
}

/** fast-check's JSON holds numbers that we refuse on purpose. */
function accepted(value: unknown): boolean {
  try {
    assertJson(value);
    return true;
  } catch {
    return false;
  }
}

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, reversed(item)]),
  );
}
