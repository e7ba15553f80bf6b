import type { Challenge, Invitation, Passkey, PasskeyStore } from '../passkeys/ports.ts';

/** A {@link PasskeyStore} in memory. */
export function memoryPasskeyStore(): PasskeyStore & { snapshot(): () => void } {
  let passkeys = new Map<string, Passkey>();
  let challenges = new Map<string, Challenge>();
  let invitations = new Map<string, Invitation>();
  const take = <T>(from: Map<string, T>, key: string): T | null => {
    const found = from.get(key) ?? null;
    from.delete(key);
    return found;
  };
  const change = (id: string, fits: (passkey: Passkey) => boolean, over: Partial<Passkey>) => {
    const passkey = passkeys.get(id);
    if (!passkey || !fits(passkey)) return false;
    passkeys.set(id, { ...passkey, ...over });
    return true;
  };

  return {
    snapshot() {
      const before = [new Map(passkeys), new Map(challenges), new Map(invitations)] as const;
      return () => {
        [passkeys, challenges, invitations] = before;
      };
    },
    async insertPasskey(_tx, passkey) {
      if ([...passkeys.values()].some(({ handle }) => handle === passkey.handle)) return false;
      passkeys.set(passkey.id, passkey);
      return true;
    },
    passkeyByHandle: async (handle) => [...passkeys.values()].find((each) => each.handle === handle) ?? null,
    passkeysOf: async (account) =>
      [...passkeys.values()].filter((each) => each.account === account).sort((a, b) => (a.id < b.id ? -1 : 1)),
    advanceCounter: async (_tx, id, counter) =>
      change(
        id,
        (passkey) =>
          passkey.revoked_at === null && (counter > passkey.counter || (counter === 0 && passkey.counter === 0)),
        { counter },
      ),
    revokePasskey: async (_tx, id, at) => change(id, ({ revoked_at }) => revoked_at === null, { revoked_at: at }),
    async insertChallenge(_tx, challenge, most, now) {
      const open = [...challenges.values()].filter(
        ({ account, expires_at }) => account === challenge.account && expires_at > now,
      );
      if (open.length >= most) return false;
      challenges.set(challenge.challenge, challenge);
      return true;
    },
    challenge: async (challenge) => challenges.get(challenge) ?? null,
    takeChallenge: async (_tx, challenge) => take(challenges, challenge),
    async insertInvitation(_tx, invitation) {
      invitations.set(invitation.hash, invitation);
    },
    takeInvitation: async (_tx, hash) => take(invitations, hash),
    async forgetOld(_tx, now) {
      let forgotten = 0;
      for (const kept of [challenges, invitations])
        for (const [key, { expires_at }] of kept)
          if (expires_at <= now) {
            kept.delete(key);
            forgotten++;
          }
      return forgotten;
    },
  };
}
