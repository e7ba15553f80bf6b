/**
 * Why a grant is refused. `mismatch`: it is a good grant, for another call. `no_proof`, `bad_proof`: whoever sent it does not
 * show that it holds the key that the grant is bound to.
 */
export type GrantRefusal =
  | 'missing'
  | 'malformed'
  | 'wrong_type'
  | 'bad_signature'
  | 'expired'
  | 'not_yet_valid'
  | 'wrong_audience'
  | 'wrong_issuer'
  | 'mismatch'
  | 'no_proof'
  | 'bad_proof'
  | 'replayed';

/** The call must not be carried out. The message is for people and holds nothing of the token. */
export class GrantRefused extends Error {
  override readonly name = 'GrantRefused';
  readonly code: GrantRefusal;

  constructor(code: GrantRefusal, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** The HTTP status that says it best: 401 without a usable grant, 409 for one used before, 403 for all else. */
  get status(): 401 | 403 | 409 {
    if (this.code === 'missing' || this.code === 'malformed' || this.code === 'no_proof') return 401;
    return this.code === 'replayed' ? 409 : 403;
  }
}

/**
 * The keys to check a grant with cannot be fetched now. The call must not be carried out either; trying again later may
 * help.
 */
export class GrantKeysUnavailable extends Error {
  override readonly name = 'GrantKeysUnavailable';
}
