import { canonicalJson } from '../canonical.ts';
import { digestOfText } from './bytes.ts';

/** What this package reads of an entry. The other members are covered by the leaf all the same. */
export interface Entry {
  readonly log: string;
  readonly index: number;
  readonly time: string;
  readonly type: string;
  readonly outcome: string;
  /** What seals the payload: without one of them it cannot be read. */
  readonly keys: readonly string[];
  readonly payload_digest: string;
  readonly refs: Readonly<Record<string, unknown>>;
}

export interface Payload {
  readonly nonce: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The entry of a leaf; `null` where the text is not one in RFC 8785 form. */
export function readEntry(text: string): Entry | null {
  try {
    const entry = JSON.parse(text) as Entry;
    const whole =
      canonicalJson(entry) === text &&
      typeof entry.log === 'string' &&
      Number.isSafeInteger(entry.index) &&
      entry.index >= 0 &&
      !Number.isNaN(Date.parse(entry.time)) &&
      typeof entry.type === 'string' &&
      typeof entry.payload_digest === 'string' &&
      typeof entry.outcome === 'string' &&
      Array.isArray(entry.keys) &&
      entry.keys.every((key) => typeof key === 'string') &&
      typeof entry.refs === 'object' &&
      entry.refs !== null;
    return whole ? entry : null;
  } catch {
    return null;
  }
}

/** Whether a payload is the one that its entry binds. */
export function isPayloadOf(entry: Entry, payload: unknown): payload is Payload {
  try {
    return digestOfText(canonicalJson(payload)) === entry.payload_digest;
  } catch {
    return false;
  }
}
