import { createHash } from 'node:crypto';

const digitsOf = (text: string): number[] => Array.from(text.replace(/\D/g, ''), Number);
const weighted = (digits: readonly number[], weights: readonly number[]): number =>
  weights.reduce((sum, weight, index) => sum + weight * digits[index]!, 0);

/** ISO/IEC 7812-1 annex B (Luhn). */
export function luhn(text: string): boolean {
  const digits = digitsOf(text).reverse();
  const sum = digits.reduce((total, digit, index) => {
    const value = index % 2 === 0 ? digit : digit * 2;
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return digits.length > 1 && sum % 10 === 0;
}

/** The digit that makes `digits` + it satisfy {@link luhn}. */
export function luhnDigit(digits: string): string {
  return String([...'0123456789'].findIndex((digit) => luhn(digits + digit)));
}

/** ISO/IEC 7064 MOD 97-10 over letters and digits, as a remainder. */
export function mod97(text: string): number {
  let rest = 0;
  for (const character of text.toUpperCase()) {
    const value = Number.parseInt(character, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest;
}

/** ISO 13616: the first four characters go to the end and the whole is 1 modulo 97. */
export const ibanValid = (compact: string): boolean => mod97(compact.slice(4) + compact.slice(0, 4)) === 1;

/** ISO/IEC 7064 MOD 11,10: German tax identification numbers. */
export function mod11x10(text: string): boolean {
  const digits = digitsOf(text);
  let product = 10;
  for (const digit of digits.slice(0, -1)) product = (((digit + product) % 10 || 10) * 2) % 11;
  return (11 - product) % 10 === digits.at(-1);
}

/** ISO/IEC 7064 MOD 11-2: Chinese resident identity numbers. */
export function mod11x2(text: string): boolean {
  let rest = 0;
  for (const character of text.slice(0, -1)) rest = ((rest + Number(character)) * 2) % 11;
  return '0123456789X'[(12 - rest) % 11] === text.at(-1)!.toUpperCase();
}

const TIMES = '0123456789123406789523401789563401289567401239567859876043216598710432765982104387659321049876543210';
const SHIFT = '01234567891576283094580379614289160435279453126870428657390127938064157046913258';

/** Verhoeff's dihedral check: Indian Aadhaar numbers. */
export function verhoeff(text: string): boolean {
  let check = 0;
  digitsOf(text)
    .reverse()
    .forEach((digit, index) => {
      check = Number(TIMES[check * 10 + Number(SHIFT[(index % 8) * 10 + digit])]);
    });
  return check === 0;
}

/** UK National Health Service numbers, modulo 11. */
export function nhs(text: string): boolean {
  const digits = digitsOf(text);
  const check = 11 - (weighted(digits, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11);
  return check !== 10 && check % 11 === digits[9];
}

/** Dutch citizen service numbers: the eleven test with a last weight of -1. */
export const bsn = (text: string): boolean => weighted(digitsOf(text), [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0;

/** Polish PESEL. */
export const pesel = (text: string): boolean => weighted(digitsOf(text), [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 === 0;

/** Norwegian birth numbers: two check digits modulo 11. */
export function norwegian(text: string): boolean {
  const digits = digitsOf(text);
  return (
    weighted(digits, [3, 7, 6, 1, 8, 9, 4, 5, 2, 1]) % 11 === 0 &&
    weighted(digits, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0
  );
}

/** Brazilian CPF: two check digits modulo 11; all digits alike is no number. */
export function cpf(text: string): boolean {
  const digits = digitsOf(text);
  if (new Set(digits).size === 1) return false;
  const check = (length: number) => {
    const sum = digits.slice(0, length).reduce((total, digit, index) => total + digit * (length + 1 - index), 0);
    return ((sum * 10) % 11) % 10 === digits[length];
  };
  return check(9) && check(10);
}

/** ABA routing numbers: weights 3, 7, 1 modulo 10. */
export function aba(text: string): boolean {
  const digits = digitsOf(text);
  return digits.some((digit) => digit !== 0) && weighted(digits, [3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 === 0;
}

/** EAN-13: Swiss AHV numbers. */
export const ean13 = (text: string): boolean =>
  weighted(digitsOf(text), [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]) % 10 === 0;

const DNI = 'TRWAGMYFPDXBNJZSQVHLCKE';
/** Spanish DNI and NIE: a letter by the number modulo 23. */
export function dni(text: string): boolean {
  const compact = text.replace(/[^0-9A-Za-z]/g, '').toUpperCase();
  const number = compact.slice(0, -1).replace(/^[XYZ]/, (letter) => String('XYZ'.indexOf(letter)));
  return DNI[Number(number) % 23] === compact.at(-1);
}

const ODD = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
/** Italian codice fiscale: the check letter of 15 characters. */
export function codiceFiscale(text: string): boolean {
  const upper = text.toUpperCase();
  let sum = 0;
  for (let index = 0; index < 15; index++) {
    const character = upper[index]!;
    const value = character >= 'A' ? character.charCodeAt(0) - 65 : Number(character);
    sum += index % 2 === 0 ? ODD[value]! : value;
  }
  return String.fromCharCode(65 + (sum % 26)) === upper[15];
}

/** French NIR: 97 minus the number modulo 97; Corsica's 2A and 2B count as 19 and 18. */
export function nir(text: string): boolean {
  const compact = text.replace(/[^0-9ABab]/g, '').toUpperCase();
  const number = Number(compact.slice(0, 13).replace('2A', '19').replace('2B', '18'));
  return 97 - (number % 97) === Number(compact.slice(13));
}

/** Belgian national numbers: 97 minus the number modulo 97, with a 2 before it for births since 2000. */
export function belgian(text: string): boolean {
  const digits = text.replace(/\D/g, '');
  const check = Number(digits.slice(9));
  return [digits.slice(0, 9), `2${digits.slice(0, 9)}`].some((number) => 97 - (Number(number) % 97) === check);
}

/** Finnish identity codes: a character by the number modulo 31. */
export const finnish = (text: string): boolean =>
  '0123456789ABCDEFHJKLMNPRSTUVWXY'[Number(text.slice(0, 6) + text.slice(7, 10)) % 31] === text.at(-1)!.toUpperCase();

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
/** Base58Check with its double SHA-256: Bitcoin addresses of the old forms. */
export function base58check(text: string): boolean {
  let value = 0n;
  for (const character of text) {
    const digit = BASE58.indexOf(character);
    if (digit < 0) return false;
    value = value * 58n + BigInt(digit);
  }
  const bytes = Buffer.from(value.toString(16).padStart(50, '0'), 'hex');
  if (bytes.length !== 25) return false;
  const sha = (input: Uint8Array) => createHash('sha256').update(input).digest();
  return sha(sha(bytes.subarray(0, 21)))
    .subarray(0, 4)
    .equals(bytes.subarray(21));
}

const BECH32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
/** BIP 173 and BIP 350: Bitcoin addresses of the new forms. */
export function bech32(text: string): boolean {
  const lower = text.toLowerCase();
  const split = lower.lastIndexOf('1');
  const prefix = lower.slice(0, split);
  const values = [
    ...Array.from(prefix, (letter) => letter.charCodeAt(0) >> 5),
    0,
    ...Array.from(prefix, (letter) => letter.charCodeAt(0) & 31),
    ...Array.from(lower.slice(split + 1), (letter) => BECH32.indexOf(letter)),
  ];
  if (values.includes(-1)) return false;
  let check = 1;
  for (const value of values) {
    const top = check >>> 25;
    check = ((check & 0x1ffffff) << 5) ^ value;
    GENERATOR.forEach((generator, bit) => {
      if ((top >> bit) & 1) check ^= generator;
    });
  }
  return check === 1 || check === 0x2bc830a3;
}
