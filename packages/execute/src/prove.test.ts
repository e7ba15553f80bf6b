import { createHash, generateKeyPairSync } from 'node:crypto';
import { fixedClock } from '@portreeve/contract';
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from 'jose';
import { describe, expect, test } from 'vitest';
import { createProver, thumbprintOf } from './prove.ts';
import { executeFixture, scriptedConnector, TEST_NOW } from './testing/fixture.ts';

const clock = fixedClock(TEST_NOW);

describe('F6: the executor proves that it holds its key', () => {
  test('by a proof that any RFC 9449 verifier reads: pinned header and claims', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const prover = createProver({ privateKey, clock });
    const proof = prover.prove('the.grant.token', 'POST', new URL('https://cases.test/a%2Fb?x=1#y'));
    const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
      typ: 'dpop+jwt',
      algorithms: ['EdDSA'],
      currentDate: clock.now(),
    });
    expect(protectedHeader.jwk).toEqual(publicKey.export({ format: 'jwk' }));
    expect(payload).toEqual({
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
      htm: 'POST',
      htu: 'https://cases.test/a%2Fb',
      iat: 1795176000,
      ath: createHash('sha256').update('the.grant.token').digest('base64url'),
    });
  });

  test('the thumbprint is that of RFC 7638, and of the example of RFC 8037', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const expected = await calculateJwkThumbprint(publicKey.export({ format: 'jwk' }) as never);
    expect([thumbprintOf(privateKey), thumbprintOf(publicKey)]).toEqual([expected, expected]);
    expect(() => thumbprintOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)).toThrow('Ed25519');
  });

  test('another executor cannot use the grant, although it has the same name', async () => {
    const fixture = executeFixture();
    const input = fixture.input();
    const { token } = await fixture.grant(input);
    const connector = scriptedConnector();
    const thief = fixture.executor(connector, { key: generateKeyPairSync('ed25519').privateKey });
    await expect(thief.execute({ token, proposal: input.proposal, contract: input.contract })).rejects.toMatchObject({
      code: 'grant_mismatch',
      detail: 'The grant is for another executor key.',
    });
    expect(connector.calls).toEqual([]);
  });
});
