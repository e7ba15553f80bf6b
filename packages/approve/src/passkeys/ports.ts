import type { PasskeyAlgorithm, PasskeyId, PrincipalId, Tx } from '@portreeve/contract';

/** Where passkeys are good: the relying party of WebAuthn. */
export interface RelyingParty {
  /** A domain; an address in numbers has none, and then no browser makes a passkey for it. */
  readonly id: string;
  /** Scheme, host and port of our pages. */
  readonly origin: string;
}

/** A person's passkey. What is here is public; the private key never leaves the authenticator. */
export interface Passkey {
  readonly id: PasskeyId;
  readonly account: PrincipalId;
  /** What its owner calls it. */
  readonly name: string;
  /** The credential id, in base64url. */
  readonly handle: string;
  readonly alg: PasskeyAlgorithm;
  /** Base64url of SubjectPublicKeyInfo, and of the COSE key that it was registered as. */
  readonly public_key: string;
  readonly cose: string;
  readonly rp_id: string;
  readonly origin: string;
  readonly device_bound: boolean;
  readonly aaguid: string;
  /** The highest signature counter that was seen; 0 for an authenticator that keeps none. */
  readonly counter: number;
  readonly created_at: string;
  readonly revoked_at: string | null;
}

/** What was given to an authenticator to sign: good once. `object` is the RFC 8785 text that it is the digest of. */
export interface Challenge {
  /** Base64url of 32 bytes. */
  readonly challenge: string;
  readonly purpose: 'verdict' | 'enrolment';
  readonly account: PrincipalId;
  readonly object: string;
  readonly expires_at: string;
}

/** An administrator's leave for somebody to enrol one passkey. */
export interface Invitation {
  /** `sha256:…` of the secret that was handed over. */
  readonly hash: string;
  readonly account: PrincipalId;
  readonly expires_at: string;
}

/** Where passkeys are kept. Times are RFC 3339 in UTC with milliseconds. */
export interface PasskeyStore {
  /** False, and nothing written, where its handle is known. */
  insertPasskey(tx: Tx, passkey: Passkey): Promise<boolean>;
  passkeyByHandle(handle: string): Promise<Passkey | null>;
  /** Of one account, revoked ones too; by id, ascending. */
  passkeysOf(account: PrincipalId): Promise<Passkey[]>;
  /**
   * Takes a counter that was seen. False, and nothing written, where it is not ahead of the one before, unless both are
   * 0, or where the passkey is revoked. Of two that come with the same one, one gets true.
   */
  advanceCounter(tx: Tx, id: PasskeyId, counter: number): Promise<boolean>;
  /** False where it was revoked before. */
  revokePasskey(tx: Tx, id: PasskeyId, at: string): Promise<boolean>;
  /** False, and nothing written, where the account has as many open ones as `most`. Those past `now` do not count. */
  insertChallenge(tx: Tx, challenge: Challenge, most: number, now: string): Promise<boolean>;
  /** As it stands, without taking it. */
  challenge(challenge: string): Promise<Challenge | null>;
  /** Gives it and forgets it: of two that ask at once, one gets it. */
  takeChallenge(tx: Tx, challenge: string): Promise<Challenge | null>;
  insertInvitation(tx: Tx, invitation: Invitation): Promise<void>;
  /** Gives it and forgets it. */
  takeInvitation(tx: Tx, hash: string): Promise<Invitation | null>;
  /** Forgets challenges and invitations that are over; gives how many. */
  forgetOld(tx: Tx, now: string): Promise<number>;
}
