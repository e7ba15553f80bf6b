import { createHmac, createSecretKey, generateKeyPairSync, type KeyObject, sign as signBytes } from 'node:crypto';
import { type Clock, GRANT_TYPE, type GrantClaims, grantClaimsSchema, PortreeveError } from '@portreeve/contract';
import fc from 'fast-check';
import { CompactSign, createLocalJWKSet, errors, type JSONWebKeySet, jwtVerify, SignJWT, UnsecuredJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { createJwsSigner } from './grant-jws.ts';
import { DEFAULT_WORKLOAD } from './grant-limits.ts';
import { thumbprintOf } from './prove.ts';
import { executeFixture, TEST_ISSUER, testContract, testProposal } from './testing/fixture.ts';
import { createGrantCheck } from './verify-grant.ts';

/** A grant, both halves of its key, and two verdicts on any token: ours, and that of jose with the rules of a grant. */
async function ready() {
  const fixture = executeFixture();
  const contract = testContract();
  const input = fixture.input(contract);
  const { token, claims } = await fixture.issuer.issue(input);
  const ours = (text: string, jwks = fixture.issuer.jwks()) => {
    const rules = { issuer: TEST_ISSUER, environment: 'test', workload: DEFAULT_WORKLOAD, clock: fixture.clock };
    try {
      const check = createGrantCheck({ ...rules, jwks, jkt: thumbprintOf(fixture.executorKey) });
      return check(text, input.proposal, contract);
    } catch (error) {
      return said(error);
    }
  };
  const theirs = (text: string, jwks = fixture.issuer.jwks()) => byJose(text, jwks, fixture.clock);
  return { ...fixture, contract, input, token, claims, ours, theirs };
}
type Ready = Awaited<ReturnType<typeof ready>>;

/** What a verifier on jose makes of a token, up to the claims that are compared with the call. */
async function byJose(token: string, jwks: JSONWebKeySet, clock: Clock): Promise<GrantClaims | string> {
  try {
    const { payload } = await jwtVerify(token, createLocalJWKSet(jwks), {
      ...{ algorithms: ['EdDSA'], typ: GRANT_TYPE, issuer: TEST_ISSUER, audience: 'case-system' },
      currentDate: clock.now(),
      requiredClaims: ['iss', 'aud', 'iat', 'nbf', 'exp', 'jti', 'sub'],
    });
    const claims = grantClaimsSchema.safeParse(payload);
    return claims.success ? claims.data : 'grant_invalid: The grant does not have the claims of a grant.';
  } catch (error) {
    if (error instanceof errors.JWTExpired) return 'grant_expired: The time of the grant is over.';
    if (!(error instanceof errors.JWTClaimValidationFailed)) return NOT_SIGNED;
    if (error.claim === 'aud') return 'grant_mismatch: The grant is for another downstream system.';
    if (error.claim === 'nbf') return 'grant_invalid: The grant is not valid yet.';
    return `grant_invalid: The grant's ${error.claim} is not accepted.`;
  }
}

const NOT_SIGNED = 'grant_invalid: The grant is not signed as a grant must be.';

function said(error: unknown): string {
  if (!(error instanceof PortreeveError)) throw error;
  return `${error.code}: ${error.detail}`;
}

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const HEADER = { alg: 'EdDSA', typ: GRANT_TYPE, kid: 'grant-1' };
/** Signs whatever stands there, as nobody who holds the key would. */
const assembled = (header: string, payload: string, key: KeyObject) => {
  const signed = `${header}.${payload}`;
  return `${signed}.${signBytes(null, Buffer.from(signed), key).toString('base64url')}`;
};
const withHeader = ({ claims, privateKey }: Ready, header: unknown) =>
  assembled(part(header), part(claims), privateKey);
const withClaims = ({ claims, privateKey }: Ready, change: object) =>
  assembled(part(HEADER), part({ ...claims, ...change }), privateKey);

describe('F6: a grant of ours', () => {
  test('is signed to the byte as jose signs it', async () => {
    const { claims, token, privateKey } = await ready();
    expect(await new SignJWT({ ...claims }).setProtectedHeader(HEADER).sign(privateKey)).toBe(token);
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), async (payload) => {
        const text = JSON.stringify(payload);
        const bytes = await new CompactSign(Buffer.from(text)).setProtectedHeader(HEADER).sign(privateKey);
        const ours = createJwsSigner(privateKey, { typ: GRANT_TYPE, kid: 'grant-1' })(payload);
        expect(ours).toBe(bytes);
      }),
      { verbose: 1 },
    );
  });

  test('is accepted by both, with the same claims', async () => {
    const { token, claims, ours, theirs } = await ready();
    expect(ours(token)).toEqual(claims);
    expect(await theirs(token)).toEqual(claims);
  });

  test('is accepted in every second of its life and in no other, by both', async () => {
    const { token, ours, theirs, clock } = await ready();
    clock.advance(-1);
    for (const [ms, sentence] of [
      [0, 'grant_invalid: The grant is not valid yet.'],
      [1, null],
      [119_999, null],
      [1, 'grant_expired: The time of the grant is over.'],
      [10 ** 9, 'grant_expired: The time of the grant is over.'],
    ] as const) {
      clock.advance(ms);
      const [mine, other] = [ours(token), await theirs(token)];
      expect(mine).toEqual(other);
      if (sentence === null) expect(mine).toBeTypeOf('object');
      else expect(mine).toBe(sentence);
    }
  });

  test('is refused where the clock tells no time', async () => {
    const { token, issuer, input, contract, executorKey } = await ready();
    const check = createGrantCheck({
      ...{ jwks: issuer.jwks(), issuer: TEST_ISSUER, environment: 'test', workload: DEFAULT_WORKLOAD },
      ...{ jkt: thumbprintOf(executorKey), clock: { now: () => new Date(Number.NaN) } },
    });
    expect(() => check(token, input.proposal, contract)).toThrow(PortreeveError);
  });
});

describe('INV5 F6: whatever jose refuses is refused, with the same sentence:', () => {
  const foreign = generateKeyPairSync('ed25519');
  const cases: Record<string, (state: Ready) => string | Promise<string>> = {
    'alg none': ({ claims }) => new UnsecuredJWT({ ...claims } as never).encode(),
    'alg none with our header': (state) => `${part({ ...HEADER, alg: 'none' })}.${part(state.claims)}.`,
    'alg none over a right signature': (state) => withHeader(state, { ...HEADER, alg: 'none' }),
    'another name of the algorithm': (state) => withHeader(state, { ...HEADER, alg: 'Ed25519' }),
    'the name in lower case': (state) => withHeader(state, { ...HEADER, alg: 'eddsa' }),
    'no algorithm': (state) => withHeader(state, { typ: GRANT_TYPE, kid: 'grant-1' }),
    'several algorithms': (state) => withHeader(state, { ...HEADER, alg: ['EdDSA'] }),
    'HS256 with the public key': ({ claims, issuer }) => {
      const signed = `${part({ ...HEADER, alg: 'HS256' })}.${part(claims)}`;
      const key = createSecretKey(Buffer.from(String(issuer.jwks().keys[0]!.x), 'base64url'));
      return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
    },
    'HS256 that says EdDSA': ({ claims, issuer }) => {
      const signed = `${part(HEADER)}.${part(claims)}`;
      const key = Buffer.from(String(issuer.jwks().keys[0]!.x), 'base64url');
      return `${signed}.${createHmac('sha512', key).update(signed).digest('base64url')}`;
    },
    ES256: ({ claims }) =>
      new SignJWT({ ...claims })
        .setProtectedHeader({ ...HEADER, alg: 'ES256' })
        .sign(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey),
    'a foreign key': ({ claims }) => assembled(part(HEADER), part(claims), foreign.privateKey),
    'a foreign key that it brings along': ({ claims }) =>
      assembled(
        part({ ...HEADER, jwk: foreign.publicKey.export({ format: 'jwk' }) }),
        part(claims),
        foreign.privateKey,
      ),
    'a foreign key alone': ({ claims }) =>
      assembled(
        part({ alg: 'EdDSA', typ: GRANT_TYPE, jwk: foreign.publicKey.export({ format: 'jwk' }) }),
        part(claims),
        foreign.privateKey,
      ),
    'an address of keys': ({ claims }) =>
      assembled(part({ ...HEADER, jku: 'https://evil.test/jwks' }), part(claims), foreign.privateKey),
    'an unknown key id': (state) => withHeader(state, { ...HEADER, kid: 'grant-2' }),
    'a name of Object as key id': (state) => withHeader(state, { ...HEADER, kid: '__proto__' }),
    'a key id that is a number': (state) => withHeader(state, { ...HEADER, kid: 1 }),
    'a key id that is null': (state) => withHeader(state, { ...HEADER, kid: null }),
    'something critical': (state) => withHeader(state, { ...HEADER, crit: ['exp'], exp: 1 }),
    'nothing critical': (state) => withHeader(state, { ...HEADER, crit: [] }),
    'critical as a text': (state) => withHeader(state, { ...HEADER, crit: 'exp' }),
    'a payload that is not encoded': (state) => {
      const text = JSON.stringify(state.claims);
      return assembled(part({ ...HEADER, crit: ['b64'], b64: false }), text, state.privateKey);
    },
    'another type': (state) => withHeader(state, { ...HEADER, typ: 'at+jwt' }),
    'no type': (state) => withHeader(state, { alg: 'EdDSA', kid: 'grant-1' }),
    'several types': (state) => withHeader(state, { ...HEADER, typ: [GRANT_TYPE] }),
    'two types, the last another': ({ claims, privateKey }) => {
      const text = `{"alg":"EdDSA","kid":"grant-1","typ":"${GRANT_TYPE}","typ":"JWT"}`;
      return assembled(Buffer.from(text).toString('base64url'), part(claims), privateKey);
    },
    'a header that is a list': (state) => withHeader(state, [HEADER]),
    'a header that is null': (state) => withHeader(state, null),
    'a header that is no JSON': ({ claims, privateKey }) => assembled('e30x', part(claims), privateKey),
    'a header that is no UTF-8': ({ claims, privateKey }) => {
      const bytes = Buffer.from(JSON.stringify({ ...HEADER, x: '\u00ff' }), 'latin1');
      return assembled(bytes.toString('base64url'), part(claims), privateKey);
    },
    'an empty header': ({ token }) => token.slice(token.indexOf('.')),
    'a payload that is a list': ({ claims, privateKey }) => assembled(part(HEADER), part([claims]), privateKey),
    'a payload that is null': ({ privateKey }) => assembled(part(HEADER), part(null), privateKey),
    'a payload that is no UTF-8': ({ claims, privateKey }) => {
      const bytes = Buffer.from(JSON.stringify({ ...claims, x: '\u00ff' }), 'latin1');
      return assembled(part(HEADER), bytes.toString('base64url'), privateKey);
    },
    'no payload': ({ privateKey }) => assembled(part(HEADER), '', privateKey),
    'two parts': ({ token }) => token.slice(0, token.lastIndexOf('.')),
    'four parts': ({ token }) => `${token}.${token.split('.')[2]}`,
    'four parts, the last empty': ({ token }) => `${token}.`,
    'five parts': ({ token }) => `${token}.a.b`,
    'no text at all': () => '',
    'dots alone': () => '..',
    'an empty signature': ({ token }) => token.slice(0, token.lastIndexOf('.') + 1),
    'a signature of 63 bytes': ({ token }) => token.slice(0, -2),
    'a signature of 65 bytes': ({ token }) => `${token.slice(0, -1)}AAA`,
    'a signature of another grant': async ({ token, issuer, input, clock }) => {
      const other = testProposal(clock);
      const { token: another } = await issuer.issue({ ...input, proposal: other, approvals: [] });
      return token.replace(/[^.]+$/, another.split('.')[2]!);
    },
    'another alphabet': ({ claims, privateKey }) => {
      // 0xfb 0xff gives characters in which the alphabets differ.
      const text = Buffer.from(JSON.stringify({ ...claims, x: '\u00ff\u00fe?>~~' })).toString('base64');
      return assembled(part(HEADER), `${text.replace(/=/g, '')}+/`, privateKey);
    },
    'a payload of other claims': ({ token }) => token.replace(/\.[^.]+\./, `.${part({ iss: 'x' })}.`),
    'another issuer': (state) => withClaims(state, { iss: 'https://evil.test' }),
    'several issuers': (state) => withClaims(state, { iss: [TEST_ISSUER] }),
    'another audience': (state) => withClaims(state, { aud: 'payroll' }),
    'two audiences': (state) => withClaims(state, { aud: ['case-system', 'payroll'] }),
    'other audiences': (state) => withClaims(state, { aud: ['payroll'] }),
    'an audience that is an object': (state) => withClaims(state, { aud: { 0: 'case-system' } }),
    'a time that is a text': (state) => withClaims(state, { exp: '9999999999' }),
    'an end that is null': (state) => withClaims(state, { exp: null }),
    'a beginning that is a text': (state) => withClaims(state, { nbf: '0' }),
    'an issue that is a text': (state) => withClaims(state, { iat: '0' }),
    'an end in the past': (state) => withClaims(state, { exp: state.claims.iat - 1 }),
    'an end right now': (state) => withClaims(state, { exp: state.claims.iat }),
    'a beginning in a second': (state) => withClaims(state, { nbf: state.claims.iat + 1 }),
    'everything wrong at once': (state) =>
      withClaims(state, { iss: 'x', aud: 'x', iat: 'x', nbf: 2 ** 40, exp: 0, jti: 'x' }),
    'a claim too many': (state) => withClaims(state, { admin: true }),
    'an id that is none': (state) => withClaims(state, { jti: 'x' }),
    ...Object.fromEntries(
      (['iss', 'aud', 'iat', 'nbf', 'exp', 'jti', 'sub', 'cnf', 'tctx'] as const).map((claim) => [
        `no ${claim}`,
        (state: Ready) => withClaims(state, { [claim]: undefined }),
      ]),
    ),
  };

  test.each(Object.entries(cases))('%s', async (_, make) => {
    const state = await ready();
    const token = await make(state);
    const theirs = await state.theirs(token);
    expect(theirs).toBeTypeOf('string');
    expect(state.ours(token)).toBe(theirs);
  });

  test('every bit of the signature, and the first of every character of the rest', async () => {
    const { token, ours, theirs } = await ready();
    const [header, payload, signature] = token.split('.');
    for (let bit = 0; bit < 512; bit++) {
      const bytes = Buffer.from(signature!, 'base64url');
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      const flipped = `${header}.${payload}.${bytes.toString('base64url')}`;
      expect(ours(flipped)).toBe(NOT_SIGNED);
      if (bit % 16 === 0) expect(await theirs(flipped)).toBe(NOT_SIGNED);
    }
    for (let at = 0; at < token.lastIndexOf('.'); at++) {
      const other = token[at] === 'A' ? 'B' : 'A';
      expect(ours(token.slice(0, at) + other + token.slice(at + 1))).toBe(NOT_SIGNED);
    }
  });

  test('any text, any change, any part of a grant', async () => {
    const { token, ours, theirs } = await ready();
    const change = fc.record({ at: fc.nat(token.length), cut: fc.nat(4), put: fc.string({ maxLength: 4 }) });
    const changed = fc
      .array(change, { minLength: 1, maxLength: 3 })
      .map((changes) =>
        changes.reduce((text, { at, cut, put }) => text.slice(0, at) + put + text.slice(at + cut), token),
      );
    await fc.assert(
      fc.asyncProperty(fc.oneof(changed, fc.string(), fc.string({ unit: 'binary' })), async (text) => {
        fc.pre(text !== token);
        const mine = ours(text);
        expect(mine).toBe(NOT_SIGNED);
        // jose takes white space in a part, and so another text for the same bytes.
        const other = await theirs(text);
        if (typeof other === 'object') expect(text.replace(/\s/g, '')).not.toBe(text);
      }),
      { numRuns: 400, verbose: 1 },
    );
  });
});

describe('INV5 F6: what is refused although jose takes it:', () => {
  const cases: Record<string, [sentence: string, make: (state: Ready) => string]> = {
    'no key id': [NOT_SIGNED, (state) => withHeader(state, { alg: 'EdDSA', typ: GRANT_TYPE })],
    'a type in capitals': [
      "grant_invalid: The grant's typ is not accepted.",
      (state) => withHeader(state, { ...HEADER, typ: GRANT_TYPE.toUpperCase() }),
    ],
    'a type with its prefix': [
      "grant_invalid: The grant's typ is not accepted.",
      (state) => withHeader(state, { ...HEADER, typ: `application/${GRANT_TYPE}` }),
    ],
    'what jose knows as critical': [NOT_SIGNED, (state) => withHeader(state, { ...HEADER, crit: ['b64'], b64: true })],
    'padding of the signature': [NOT_SIGNED, ({ token }) => `${token}==`],
    'padding of the header': [
      NOT_SIGNED,
      ({ claims, privateKey }) => {
        const texts = [1, 12, 123].map((x) => Buffer.from(JSON.stringify({ ...HEADER, x })).toString('base64'));
        return assembled(texts.find((text) => text.endsWith('='))!, part(claims), privateKey);
      },
    ],
    'a space in the signature': [NOT_SIGNED, ({ token }) => `${token.slice(0, -4)} ${token.slice(-4)}`],
    'a line feed at the end': [NOT_SIGNED, ({ token }) => `${token}\n`],
    'bits left over in the signature': [
      NOT_SIGNED,
      ({ token }) => {
        const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
        return token.slice(0, -1) + alphabet[alphabet.indexOf(token.at(-1)!) ^ 1];
      },
    ],
    'a byte order mark': [
      NOT_SIGNED,
      ({ claims, privateKey }) => {
        const text = Buffer.from(`\ufeff${JSON.stringify(claims)}`).toString('base64url');
        return assembled(part(HEADER), text, privateKey);
      },
    ],
    'a huge header': [NOT_SIGNED, (state) => withHeader(state, { ...HEADER, x: 'x'.repeat(1000) })],
  };

  test.each(Object.entries(cases))('%s', async (_, [sentence, make]) => {
    const state = await ready();
    const token = make(state);
    expect(await state.theirs(token)).toEqual(state.claims);
    expect(state.ours(token)).toBe(sentence);
  });

  test('what the key has signed with one member more in its header is a grant for both', async () => {
    const state = await ready();
    const token = withHeader(state, { ...HEADER, x: 1 });
    expect(state.ours(token)).toEqual(await state.theirs(token));
    expect(state.ours(token)).toEqual(state.claims);
  });
});

describe('F6: the set of keys', () => {
  test('a key that is not there to verify, or that has no id of its own, is as good as none', async () => {
    const { token, issuer, ours, theirs, privateKey } = await ready();
    const [key] = issuer.jwks().keys;
    const other = { ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }), kid: 'grant-1' };
    const sets: Record<string, object[]> = {
      none: [],
      'of encryption': [{ ...key, use: 'enc' }],
      'of another algorithm': [{ ...key, alg: 'ES256' }],
      'of another curve': [{ ...key, crv: 'X25519' }],
      'of another type': [{ ...key, kty: 'EC' }],
      'of other operations': [{ ...key, key_ops: ['sign'] }],
      'of an operation twice': [{ ...key, key_ops: ['verify', 'verify'] }],
      'that is half': [{ ...key, x: String(key!.x).slice(0, 20) }],
      'without its point': [{ ...key, x: undefined }],
      'that is private': [{ ...key, d: privateKey.export({ format: 'jwk' }).d }],
      'twice one id': [key!, other],
      'of another id': [{ ...key, kid: 'grant-2' }],
      'of another pair': [other],
    };
    for (const [name, keys] of Object.entries(sets)) {
      expect([name, ours(token, { keys } as never)]).toEqual([name, NOT_SIGNED]);
      expect([name, await theirs(token, { keys } as never)]).toEqual([name, NOT_SIGNED]);
    }
  });

  test('a grant is found among other keys, and a key without a use counts', async () => {
    const { token, issuer, ours, claims } = await ready();
    const [{ use: _use, alg: _alg, ...key }] = issuer.jwks().keys as [{ use: string; alg: string }];
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' });
    const others = [rsa, { ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }), kid: 'grant-0' }];
    const keys = [...others, { ...key, key_ops: ['verify'] }];
    expect(ours(token, { keys } as never)).toEqual(claims);
  });

  test.each([null, {}, { keys: 'x' }, { keys: [null] }])('%j is no set of keys', async (jwks) => {
    const { ours } = await ready();
    expect(ours('a.b.c', jwks as never)).toMatch(/^misconfigured: /);
  });
});
