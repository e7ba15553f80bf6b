import { createHmac, type KeyObject } from 'node:crypto';

/** Hexadecimal digits of the HMAC: 64 bits, so that two values of one installation do not come to the same mark by chance. */
const MAC_CHARS = 16;

/** What stands in the place of a value. Text that has this form already is left as it is. */
export const MARKS = /\u27e6(?:secret|personal):[a-z-]{1,24}:[0-9]{1,7}:[0-9a-f]{16}\u27e7/g;

/** A mark taken apart; `null` for what is none. The brackets may be left out, since they are hard to type. */
export function parseMark(text: string): { kind: 'secret' | 'personal'; type: string; mac: string } | null {
  const match = /^\u27e6?(secret|personal):([a-z-]{1,24}):[0-9]{1,7}:([0-9a-f]{16})\u27e7?$/.exec(text);
  return match && { kind: match[1] as 'secret' | 'personal', type: match[2]!, mac: match[3]! };
}

/**
 * The class of a length: the power of two that it does not exceed. How long a value is says much about a short one (a PIN,
 * a password); whether it is a word or a key file, its class says as well.
 */
export function lengthClass(length: number): number {
  return length <= 1 ? 1 : 2 ** Math.ceil(Math.log2(length));
}

export type MacOf = (same: string) => string;

export function macOf(key: Uint8Array | KeyObject): MacOf {
  return (same) => createHmac('sha256', key).update(same, 'utf8').digest('hex').slice(0, MAC_CHARS);
}
