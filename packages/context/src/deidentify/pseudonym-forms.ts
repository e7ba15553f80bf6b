import { createHmac } from 'node:crypto';
import { luhnDigit, mod97 } from './checksums.ts';
import type { PersonalKind } from './kinds.ts';

const LETTERS = '0123456789abcdefghjkmnpqrstvwxyz';

/** A stream of bytes that nobody can foretell without the key. */
class Keyed {
  readonly #key: Uint8Array;
  readonly #about: string;
  #block: Buffer = Buffer.alloc(0);
  #at = 0;
  #count = 0;

  constructor(key: Uint8Array, about: string) {
    this.#key = key;
    this.#about = about;
  }

  #byte(): number {
    if (this.#at === this.#block.length) {
      this.#block = createHmac('sha256', this.#key)
        .update(`${this.#count++}\n${this.#about}`)
        .digest();
      this.#at = 0;
    }
    return this.#block[this.#at++]!;
  }

  digits(count: number): string {
    let text = '';
    while (text.length < count) {
      const byte = this.#byte();
      // 250 is the last multiple of ten: every digit is equally likely.
      if (byte < 250) text += String(byte % 10);
    }
    return text;
  }

  letters(count: number): string {
    let text = '';
    while (text.length < count) text += LETTERS[this.#byte() % 32];
    return text;
  }
}

/** The value as one subject is known by, however it is written: what two spellings share. */
function canonicalValue(kind: PersonalKind, value: string): string {
  const plain = value.normalize('NFKC').trim();
  switch (kind) {
    case 'card':
      return plain.replace(/\D/g, '');
    case 'phone':
      return plain.replace(/[^\d+x]/gi, '').replace(/^00/, '+');
    case 'iban':
    case 'national_id':
    case 'account_number':
    case 'routing_number':
      return plain.replace(/[^\p{L}\p{N}]/gu, '').toUpperCase();
    case 'mac_address':
      return plain.replace(/[^0-9a-f]/gi, '').toLowerCase();
    case 'secret':
    case 'crypto_wallet':
    case 'url':
      return plain;
    default:
      return plain.replace(/\s+/g, ' ').toLowerCase();
  }
}

export interface PseudonymInput {
  readonly key: Uint8Array;
  readonly scope: string;
  readonly kind: PersonalKind;
  readonly value: string;
  /** 0 at first; the next number where a pseudonym is taken by another value. */
  readonly attempt: number;
}

/**
 * A stand-in of the same shape: the first part is the subject's, the same for all spellings of a value; the last part is
 * the spelling's, so that it comes back exactly. Made with a key and for one scope, so it says nothing about the value
 * and does not join scopes. Values with a checksum keep a right one, in ranges that are never given out: `.invalid`
 * (RFC 2606), calling code +999 (reserved by the ITU), country ZZ (free for users in ISO 3166), card numbers that begin
 * 9999, 240.0.0.0/4 (RFC 1112) and 2001:db8::/32 (RFC 3849).
 */
export function pseudonymOf({ key, scope, kind, value, attempt }: PseudonymInput): string {
  const canonical = canonicalValue(kind, value);
  const keyed = (about: string) => new Keyed(key, `${about}\n${attempt}\n${scope}\n${kind}\n`);
  const subject = (about: string) => keyed(`subject\n${canonical}\n${about}`);
  const form = (about: string) => keyed(`form\n${value}\n${about}`);
  switch (kind) {
    case 'email':
      return `p${subject('').letters(10)}.${form('').letters(3)}@pseudonym.invalid`;
    case 'url':
      return `https://pseudonym.invalid/${subject('').letters(12)}`;
    case 'domain':
      return `d${subject('').letters(10)}${form('').letters(3)}.pseudonym.invalid`;
    case 'phone':
      return `+999${subject('').digits(9)}${form('').digits(2)}`;
    case 'card': {
      const digits = `9999${subject('').digits(8)}${form('').digits(3)}`;
      return digits + luhnDigit(digits);
    }
    case 'iban': {
      const account = subject('').digits(13) + form('').digits(3);
      return `ZZ${String(98 - mod97(`${account}ZZ00`)).padStart(2, '0')}${account}`;
    }
    case 'ip_address': {
      const bits = subject('');
      if (value.includes(':')) return `2001:db8:${hexGroups(bits.letters(5), form('').letters(4))}`;
      const [first, second, third, fourth] = [bits.digits(4), bits.digits(6), bits.digits(6), bits.digits(6)].map(
        Number,
      ) as [number, number, number, number];
      return `${240 + (first % 15)}.${second % 256}.${third % 256}.${fourth % 256}`;
    }
    case 'mac_address':
      // The reserved quadrant of IEEE 802c: no device has such an address.
      return `06:${(subject('').digits(8) + form('').digits(2)).match(/../g)!.join(':')}`;
    case 'name':
      return `Person_${subject('').letters(8)}${form('').letters(3)}`;
    default:
      return `${kind.toUpperCase()}_${subject('').letters(10)}${form('').letters(3)}`;
  }
}

/** Six groups of four hexadecimal digits; all groups begin with a digit other than 0, as they are written. */
function hexGroups(subject: string, form: string): string {
  const bits = [...subject, ...form].reduce((sum, letter) => sum * 32n + BigInt(LETTERS.indexOf(letter)), 0n);
  const hex = bits.toString(16).padStart(18, '0');
  return hex
    .match(/.{3}/g)!
    .map((group) => `a${group}`)
    .join(':');
}
