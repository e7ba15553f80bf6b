import { describe, expect, test } from 'vitest';
import { newRegistrations } from './registrations.ts';

const account = 'prn_ana';
const home = { rp_id: 'portreeve.test', origin: 'https://portreeve.test' };

describe('F5: whose key was whose, for the verdicts of another log', () => {
  test('F5: a signing key is valid from its registration until another one takes its place', () => {
    const known = newRegistrations();
    known.learn('identity.account_created', { account, signing_key: 'first' }, 100);
    known.learn('identity.signing_key_registered', { account, public_key: 'second' }, 200);
    known.learn('identity.signing_key_registered', { public_key: 'nobody’s' }, 200);
    const valid = (key: string) => [99, 100, 199, 200, 300].filter((time) => known.isSigningKey(account, key, time));
    expect([valid('first'), valid('second'), valid('third')]).toEqual([[100, 199], [200, 300], []]);
    expect(known.isSigningKey('prn_ben', 'first', 150)).toBe(false);
  });

  test('F5: a passkey is valid from its enrolment until it is revoked, at its own place alone', () => {
    const known = newRegistrations();
    known.learn('identity.passkey_enrolled', { account, passkey: 'psk_1', public_key: 'k', ...home }, 100);
    known.learn('identity.passkey_enrolled', { account, passkey: 'psk_2', public_key: 'other', ...home }, 100);
    known.learn('identity.passkey_revoked', { account, passkey: 'psk_1' }, 200);
    const at = (key: string, time: number) => known.passkeyHome(account, key, time) !== null;
    expect([99, 100, 200, 201].map((time) => at('k', time))).toEqual([false, true, true, false]);
    expect(at('other', 999)).toBe(true);
    expect(known.passkeyHome(account, 'k', 150)).toMatchObject(home);
    expect(known.passkeyHome('prn_ben', 'k', 150)).toBeNull();
  });
});
