import { fixedClock, newId, type PrincipalId, type UnitOfWork } from '@portreeve/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Challenge, Passkey, PasskeyStore } from '../passkeys/ports.ts';

export interface PasskeyStoreHarness {
  readonly store: PasskeyStore;
  readonly uow: UnitOfWork;
  /** An account that is known, for what belongs to one. */
  account(): Promise<PrincipalId>;
  close(): Promise<void>;
}

const AT = '2026-11-02T09:00:00.000Z';
const LATER = '2026-11-02T09:05:00.000Z';
const clock = fixedClock(AT);

/** What every {@link PasskeyStore} promises. */
export function passkeyStoreContract(name: string, make: () => Promise<PasskeyStoreHarness>): void {
  describe(`passkey store: ${name}`, () => {
    let harness: PasskeyStoreHarness;
    beforeAll(async () => {
      harness = await make();
    });
    afterAll(() => harness?.close());

    const inTx: UnitOfWork['transaction'] = (fn) => harness.uow.transaction(fn);
    const passkey = async (over: Partial<Passkey> = {}): Promise<Passkey> => ({
      id: newId('passkey', clock),
      account: await harness.account(),
      name: 'a "key", {odd}',
      handle: newId('passkey', clock),
      alg: 'ES256',
      public_key: 'AAAA',
      cose: 'BBBB',
      rp_id: 'portreeve.example',
      origin: 'https://portreeve.example',
      device_bound: true,
      aaguid: '00000000-0000-0000-0000-000000000000',
      counter: 5,
      created_at: AT,
      revoked_at: null,
      ...over,
    });
    const kept = async (over: Partial<Passkey> = {}) => {
      const made = await passkey(over);
      expect(await inTx((tx) => harness.store.insertPasskey(tx, made))).toBe(true);
      return made;
    };
    const challenge = (account: PrincipalId, over: Partial<Challenge> = {}): Challenge => ({
      challenge: newId('value', clock),
      purpose: 'verdict',
      account,
      object: '{"a":"\\u0000 \'); drop"}',
      expires_at: LATER,
      ...over,
    });
    const give = (given: Challenge, most = 9) => inTx((tx) => harness.store.insertChallenge(tx, given, most, AT));

    test('F5: a passkey comes back as it went in, by handle and by account; a handle is taken once', async () => {
      const made = await kept();
      expect(await harness.store.passkeyByHandle(made.handle)).toEqual(made);
      expect(await harness.store.passkeysOf(made.account)).toEqual([made]);
      const second = await passkey({ handle: made.handle });
      expect(await inTx((tx) => harness.store.insertPasskey(tx, second))).toBe(false);
      expect(await harness.store.passkeyByHandle('nothing')).toBeNull();
    });

    test('F5: a counter only goes up, and of two that come with the same one, one is taken', async () => {
      const made = await kept();
      const advance = (counter: number, id = made.id) => inTx((tx) => harness.store.advanceCounter(tx, id, counter));
      expect(await advance(6)).toBe(true);
      expect([await advance(6), await advance(5), await advance(0)]).toEqual([false, false, false]);
      expect((await Promise.all([advance(7), advance(7)])).sort()).toEqual([false, true]);
      const without = await kept({ counter: 0 });
      expect([await advance(0, without.id), await advance(0, without.id)]).toEqual([true, true]);
      expect([await advance(1, without.id), await advance(0, without.id)]).toEqual([true, false]);
    });

    test('F5: a revoked passkey is revoked once, stays, and its counter stands', async () => {
      const made = await kept();
      const revoke = () => inTx((tx) => harness.store.revokePasskey(tx, made.id, LATER));
      expect([await revoke(), await revoke()]).toEqual([true, false]);
      expect(await harness.store.passkeyByHandle(made.handle)).toEqual({ ...made, revoked_at: LATER });
      expect(await inTx((tx) => harness.store.advanceCounter(tx, made.id, 99))).toBe(false);
    });

    test('F5: a challenge is taken once, by whoever comes first', async () => {
      const given = challenge(await harness.account());
      expect(await give(given)).toBe(true);
      expect(await harness.store.challenge(given.challenge)).toEqual(given);
      const take = () => inTx((tx) => harness.store.takeChallenge(tx, given.challenge));
      const taken = await Promise.all([take(), take(), take()]);
      expect(taken.filter((each) => each !== null)).toEqual([given]);
      expect(await harness.store.challenge(given.challenge)).toBeNull();
    });

    test('F5: an account has so many open challenges and no more; those that are over do not count', async () => {
      const account = await harness.account();
      expect(await give(challenge(account, { expires_at: AT }), 2)).toBe(true);
      expect(await give(challenge(account), 2)).toBe(true);
      expect(await give(challenge(account), 2)).toBe(true);
      expect(await give(challenge(account), 2)).toBe(false);
    });

    test('F5: an invitation is taken once; what is over is forgotten', async () => {
      const account = await harness.account();
      const invitation = { hash: newId('value', clock), account, expires_at: LATER };
      await inTx((tx) => harness.store.insertInvitation(tx, invitation));
      const take = () => inTx((tx) => harness.store.takeInvitation(tx, invitation.hash));
      expect([await take(), await take()]).toEqual([invitation, null]);
      const old = challenge(account, { expires_at: AT });
      const good = challenge(account);
      await give(old);
      await give(good);
      await inTx((tx) => harness.store.insertInvitation(tx, { ...invitation, expires_at: AT }));
      expect(await inTx((tx) => harness.store.forgetOld(tx, AT))).toBeGreaterThanOrEqual(2);
      expect(await harness.store.challenge(old.challenge)).toBeNull();
      expect(await harness.store.challenge(good.challenge)).toEqual(good);
    });
  });
}
