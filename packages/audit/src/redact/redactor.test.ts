import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { canonicalJson, type Json, newId, systemClock, verdictBytes } from '@portreeve/contract';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lengthClass } from './mark.ts';
import { isCard } from './personal.ts';
import { createRedactor } from './redactor.ts';

const redactor = createRedactor({ key: Buffer.alloc(32, 9) });
const TOKEN = /^\u27e6(secret|personal):([a-z-]+):(\d+):[0-9a-f]{16}\u27e7$/;

/** Built here, so that no text of this file is itself a credential. */
const alnum = (n: number) => `aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zZ`.repeat(9).slice(0, n);
const jwt = [
  { alg: 'EdDSA', typ: 'JWT' },
  { sub: '1234567890', name: 'x' },
]
  .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  .concat(alnum(86))
  .join('.');
const pem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();

const SECRETS: [type: string, value: string][] = [
  ['aws-key', `AKIA${'IOSFODNN7EXAMPLE'}`],
  ['aws-key', `ASIA${'Q3EGXAMPLE7ABCDE'}`],
  ['github-token', `ghp_${alnum(36)}`],
  ['github-token', `github_pat_${alnum(22)}_${alnum(59)}`],
  ['gitlab-token', `glpat-${alnum(20)}`],
  ['anthropic-key', `sk-ant-api03-${alnum(93)}AA`],
  ['openai-key', `sk-proj-${alnum(60)}`],
  ['openai-key', `sk-${alnum(48)}`],
  ['slack-token', `xoxb-123456789012-${alnum(24)}`],
  ['google-key', `AIza${alnum(35)}`],
  ['stripe-key', `sk_live_${alnum(24)}`],
  ['npm-token', `npm_${alnum(36)}`],
  ['jwt', jwt],
  ['private-key', pem.trimEnd()],
  ['private-key', pem.trimEnd().replaceAll('\n', '\\n')],
];
const PERSONAL: [type: string, value: string][] = [
  ['email', 'ada.lovelace+log@mail.example.org'],
  ['email', 'j\u00fcrgen@b\u00fccher.example'],
  ['card', '4111 1111 1111 1111'],
  ['card', '5555-5555-5555-4444'],
  ['card', '378282246310005'],
  ['iban', 'DE89 3704 0044 0532 0130 00'],
  ['iban', 'GB82WEST12345698765432'],
];

describe('G5: what is redacted', () => {
  test.each([...SECRETS, ...PERSONAL])('%s in text, alone, in JSON and in a URL', (type, value) => {
    const kind = SECRETS.some(([, secret]) => secret === value) ? 'secret' : 'personal';
    const token = redactor.text(value);
    expect(token).toMatch(TOKEN);
    expect(TOKEN.exec(token)?.slice(1)).toEqual([kind, type, String(lengthClass(value.length))]);
    expect(redactor.text(`before ${value} after`)).toBe(`before ${token} after`);
    expect(redactor.text(`see (${value}), and again "${value}".`)).toBe(`see (${token}), and again "${token}".`);
    expect(redactor.value({ list: [{ note: `x: ${value}` }] })).toEqual({ list: [{ note: `x: ${token}` }] });
  });

  test.each([
    ['password=hunter2 next', 'password=', 'hunter2', ' next'],
    ['{"password":"two words"}', '{"password":"', 'two words', '"}'],
    ['{\\"db_password\\":\\"hunter2\\"}', '{\\"db_password\\":\\"', 'hunter2', '\\"}'],
    ['(password=a{b) then', '(password=', 'a{b)', ' then'],
    ['{password: hunter2}', '{password: ', 'hunter2', '}'],
    ['DB_PASSWD: s3cr3t!', 'DB_PASSWD: ', 's3cr3t!', ''],
    ['https://x.example/?api_key=abcd1234efgh&y=1', 'https://x.example/?api_key=', 'abcd1234efgh', '&y=1'],
    ["client_secret => 'abcd1234efgh'", "client_secret => '", 'abcd1234efgh', "'"],
    ['Authorization: Bearer abc.def-ghi', 'Authorization: Bearer ', 'abc.def-ghi', ''],
    ['"authorization":"Basic dXNlcjpwYXNz"', '"authorization":"Basic ', 'dXNlcjpwYXNz', '"'],
    ['curl -H bearer 0123456789abcdef', 'curl -H bearer ', '0123456789abcdef', ''],
    ['Set-Cookie: sid=abc; Path=/\nX: y', 'Set-Cookie: ', 'sid=abc; Path=/', '\nX: y'],
    ['postgres://app:pa55w@db.example:5432/x', 'postgres://app:', 'pa55w', '@db.example:5432/x'],
    [`aws_secret_access_key = ${alnum(38)}/+`, 'aws_secret_access_key = ', `${alnum(38)}/+`, ''],
    [`AWS gave ${alnum(38)}/+ for it`, 'AWS gave ', `${alnum(38)}/+`, ' for it'],
  ])('%s', (text, before, value, after) => {
    const out = redactor.text(text);
    expect(out).not.toContain(value);
    expect(out.startsWith(before)).toBe(true);
    expect(out.endsWith(after)).toBe(true);
    expect(out.slice(before.length, out.length - after.length)).toMatch(TOKEN);
    expect(out).toContain(`:${lengthClass(value.length)}:`);
  });

  test('what is percent-encoded hides nothing, and stays as it is where it held nothing', () => {
    const secret = `ghp_${alnum(36)}`;
    for (const text of [
      `/v1/records?words=${encodeURIComponent(`x ${secret}, password=hunter2; ada@example.org`)}`,
      `GET /a%ff%20ada%40example.org%20password%3Dhunter2%20AKIA${'IOSFODNN7EXAMPLE'} HTTP/1.1`,
    ]) {
      const out = redactor.text(text);
      expect(decodeURIComponent(out.replace(/%(?![0-9a-f]{2})/gi, ''))).not.toMatch(/hunter2|ada@|ghp_|AKIA/);
      expect(out).toMatch(/personal:email/);
      expect(redactor.text(out)).toBe(out);
    }
    const harmless = 'https://x.example/a%20b%2Fc?d=%C3%A4 100% sure, %zz and 5%';
    expect(redactor.text(harmless)).toBe(harmless);
    const started = performance.now();
    redactor.text(`${'a'.repeat(200_000)} ${'%41'.repeat(60_000)}${'%'.repeat(100_000)}`);
    expect(performance.now() - started).toBeLessThan(2000);
  });

  test('members that are named as credentials lose their whole value; numbers too where nothing else lies', () => {
    const out = redactor.value({
      user_password: 'x',
      apiKey: 'plain words',
      'X-Authorization': 'y',
      refresh_token: ['one', 'two'],
      secrets: { db: 'short', pin: 1234, on: true },
      card: 4111111111111111,
      password: '',
      input_tokens: 512,
      authorization_details: [{ type: 'urn:x' }],
    });
    expect(out).toEqual({
      user_password: expect.stringMatching(/:password:1:/),
      apiKey: expect.stringMatching(/:api-key:16:/),
      'X-Authorization': expect.stringMatching(/:authorization:1:/),
      refresh_token: [expect.stringMatching(/:token:4:/), expect.stringMatching(/:token:4:/)],
      secrets: {
        db: expect.stringMatching(/secret:[a-z-]+:8:/),
        pin: expect.stringMatching(/secret:[a-z-]+:4:/),
        on: true,
      },
      card: expect.stringMatching(/personal:card:16:/),
      password: '',
      input_tokens: 512,
      authorization_details: [{ type: 'urn:x' }],
    });
  });

  test('the same value has the same mark wherever and however it is written, and another under another key', () => {
    const mark = (text: string) => /:([0-9a-f]{16})\u27e7/.exec(text)?.[1];
    const key = `ghp_${alnum(36)}`;
    const marks = [redactor.text(key), redactor.text(`token=${key}`), redactor.value({ token: key }).token as string];
    expect(new Set(marks.map(mark)).size).toBe(1);
    expect(mark(redactor.text('4111-1111-1111-1111'))).toBe(mark(redactor.text('4111111111111111')));
    expect(mark(redactor.text('Ada@Example.org'))).toBe(mark(redactor.text('ada@example.org')));
    expect(mark(createRedactor({ key: Buffer.alloc(32, 1) }).text(key))).not.toBe(marks.map(mark)[0]);
  });

  test('a member named __proto__ stays a member, and members keep their order', () => {
    const value = JSON.parse('{"b":1,"__proto__":{"password":"x","ann@example.com":2},"a":{"10":1,"9":2}}') as Json;
    const kept = redactor.value(value);
    expect(Object.getPrototypeOf(kept)).toBe(Object.prototype);
    expect(JSON.stringify(kept)).toMatch(
      /^\{"b":1,"__proto__":\{"password":"\u27e6secret:password:1:[0-9a-f]{16}\u27e7","\u27e6personal:email:16:[0-9a-f]{16}\u27e7":2\},"a":\{"9":2,"10":1\}\}$/,
    );
  });

  test('a name means the same the second time, wherever it stands', () => {
    const own = createRedactor({ key: Buffer.alloc(32, 9) });
    const value = {
      credentials: { note: 'plain' },
      note: 'plain',
      token: 'abc',
      list: [{ token: 'abc', note: 'plain' }],
    };
    const first = own.value(value);
    for (let i = 0; i < 2; i++) expect(own.value(value)).toEqual(first);
    expect(first).toMatchObject({ note: 'plain', list: [{ note: 'plain' }] });
    expect(JSON.stringify(first)).not.toContain('abc');
    expect(JSON.stringify(first.credentials)).not.toContain('plain');
    // A name that is a credential itself, in the letters of which names are made.
    const odd = { [`rk_live_${'abcdefghij'}`]: 1 };
    for (let i = 0; i < 2; i++) expect(Object.keys(own.value(odd))[0]).toMatch(TOKEN);
  });

  test('a member name that is itself a value is redacted, and no member is lost by that', () => {
    const out = redactor.value({ 'Ada@example.org': 1, 'ada@example.org': 2 });
    expect(JSON.stringify(out)).not.toMatch(/example/i);
    expect(Object.values(out)).toEqual([1, 2]);
  });
});

describe('G5: what stays', () => {
  test.each([
    'The password was changed and the token is in the vault.',
    'secret: none, token count: 4000, tokens=12345678',
    'max_tokens=64000 input_tokens: 1200',
    'card number 4111 1111 1111 1112 is wrong',
    'order 12345678901234567890, time 1763625600000, 2026-11-20 08:00:00',
    'DE00 3704 0044 0532 0130 00',
    'a task-force of bearer bonds; @mention; a@b; x@y.1',
    `sha256:${'0123456789abcdef'.repeat(4)}`,
    'run_01arz3ndektsv4rrffq69g5fav',
    'password=\u0024{DB_PASSWORD} token={{ secrets.TOKEN }} password=****',
  ])('%s', (text) => {
    expect(redactor.text(text)).toBe(text);
  });

  test('ids, digests, public keys and signatures, whatever the member is called', () => {
    const value = {
      token: newId('token', systemClock),
      secret_digest: `sha256:${'ab'.repeat(32)}`,
      id: newId('session', systemClock),
      public_key: `sk-ant-${alnum(36)}`,
      signature: `AIza${alnum(82)}`,
      signing_key: `${alnum(43)}`,
    };
    expect(redactor.value(value)).toEqual(value);
  });

  test('F5: a signed verdict survives to the byte, but only if its signature verifies', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const statement = {
      v: 1 as const,
      approval: 'appr_a',
      proposal: 'prop_a',
      proposal_digest: `sha256:${'0'.repeat(64)}`,
      decision: 'dec_a',
      verdict: 'approve' as const,
      approver: 'prn_a',
      reason: 'agreed with ada@example.org; password=hunter2',
      signed_at: '2026-11-20T08:00:00Z',
      nonce: randomBytes(16).toString('base64url'),
    };
    const signature = sign(null, verdictBytes(statement as never), privateKey).toString('base64url');
    const verdict = { statement, public_key: publicKey.export({ format: 'jwk' }).x!, signature };
    expect(canonicalJson(redactor.value({ verdict }))).toBe(canonicalJson({ verdict }));
    const forged = { ...verdict, statement: { ...statement, verdict: 'deny' } };
    expect(JSON.stringify(redactor.value({ verdict: forged }))).not.toContain('hunter2');
  });
});

describe('G5: properties', () => {
  const secret = fc.constantFrom(...[...SECRETS, ...PERSONAL].map(([, value]) => value));
  const word = fc.stringMatching(/^[ .,a-z]{0,30}$/);

  test('no planted value is readable afterwards, structure and other text stay, and twice is as once', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(word, secret)), word, (parts, tail) => {
        const text = parts.map(([before, value]) => `${before} ${value} `).join('') + tail;
        const out = redactor.text(text);
        for (const [before, value] of parts) {
          expect(out).not.toContain(value);
          expect(out).toContain(before);
        }
        expect(out.split('\u27e6')).toHaveLength(parts.length + 1);
        expect(redactor.text(out)).toBe(out);
      }),
    );
  });

  test('any JSON keeps its structure and its numbers but those of cards, and twice is as once', () => {
    // By chance any number can be that of a card: seed 1297394735 made 4971916367245168.
    const isCardNumber = (value: Json) =>
      Number.isSafeInteger(value) && /^\d{14,}$/.test(String(value)) && isCard(String(value));
    const shape = (value: Json): unknown =>
      Array.isArray(value)
        ? value.map(shape)
        : typeof value === 'object' && value !== null
          ? Object.values(value).map(shape)
          : isCardNumber(value)
            ? 'string'
            : typeof value;
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const out = redactor.value(value as Json);
        expect(shape(out)).toEqual(shape(value as Json));
        expect(redactor.value(out)).toEqual(out);
      }),
      { examples: [[{ paid: [4971916367245168] }]] },
    );
  });

  test('a number is redacted where it is that of a card, and stays where a digit makes it none', () => {
    expect(redactor.value([4971916367245168])).toEqual([expect.stringMatching(/^\u27e6personal:card:/)]);
    expect(redactor.value([4971916367245167, 1.5, 1e21])).toEqual([4971916367245167, 1.5, 1e21]);
  });

  test('a megabyte of hostile text takes no more than linear time', () => {
    const size = 1_000_000;
    const hostile = [
      ' ',
      'a',
      '0',
      '@',
      'a@',
      'a.a@a.',
      'eyJ',
      'eyJ.',
      'eyJhbGciOiJ.',
      'token',
      'token=',
      'password ',
      '-----BEGIN ',
      '-----BEGIN PRIVATE KEY-----',
      '4111 ',
      '4',
      'DE89',
      '://',
      '://a:',
      'sk-',
      'AKIA',
      'Bearer ',
      'cookie:',
      '\\"',
      '\u27e6',
      '\u27e6secret:a:1:',
      'authorization',
      'ghp_',
      'aws ',
      '/',
    ];
    for (const piece of hostile) {
      const text = piece.repeat(Math.ceil(size / piece.length));
      const start = performance.now();
      redactor.text(text);
      // If you are here because this failed: a pattern has become quadratic; a linear one takes tenths of a second.
      expect(performance.now() - start, JSON.stringify(piece)).toBeLessThan(8000);
    }
  }, 120_000);
});
