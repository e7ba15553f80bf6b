import type { PasskeyHome } from './passkey.ts';

interface Enrolled extends PasskeyHome {
  readonly id: unknown;
  readonly from: number;
  /** Revoked then. */
  until: number;
}

/**
 * Whose key was whose at what time, as one log says, for the verdicts of another one. Between logs only time tells what
 * was before what, to the millisecond.
 */
export interface Registrations {
  /** Takes in what a record says, in the order of its log. */
  learn(type: string, data: Readonly<Record<string, unknown>>, time: number): void;
  isSigningKey(account: string, key: string, time: number): boolean;
  /** Where a passkey signs; `null` where it was not enrolled for this account at that time. */
  passkeyHome(account: string, key: string, time: number): PasskeyHome | null;
}

export function newRegistrations(): Registrations {
  const signing = new Map<string, { readonly key: string; readonly from: number }[]>();
  const passkeys = new Map<string, Map<string, Enrolled>>();
  return {
    learn(type, data, from) {
      const { account, signing_key, public_key, passkey, rp_id, origin } = data;
      if (typeof account !== 'string') return;
      const key = type === 'identity.account_created' ? signing_key : public_key;
      if (
        (type === 'identity.account_created' || type === 'identity.signing_key_registered') &&
        typeof key === 'string'
      )
        signing.set(account, [...(signing.get(account) ?? []), { key, from }]);
      const own = passkeys.get(account) ?? new Map<string, Enrolled>();
      if (type === 'identity.passkey_enrolled' && typeof public_key === 'string') {
        const home = { rp_id: String(rp_id), origin: String(origin) };
        passkeys.set(account, own.set(public_key, { ...home, id: passkey, from, until: Number.POSITIVE_INFINITY }));
      }
      if (type !== 'identity.passkey_revoked') return;
      for (const enrolled of own.values()) if (enrolled.id === passkey) enrolled.until = Math.min(enrolled.until, from);
    },
    isSigningKey: (account, key, time) => signing.get(account)?.findLast(({ from }) => from <= time)?.key === key,
    passkeyHome(account, key, time) {
      const found = passkeys.get(account)?.get(key);
      return found && found.from <= time && time <= found.until ? found : null;
    },
  };
}
