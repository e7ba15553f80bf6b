import { GrantRefused } from './refused.ts';

/** The JSON of a body; `undefined` where there is none. Throws `mismatch` for anything else. */
export function parseBody(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch (cause) {
    throw new GrantRefused('mismatch', 'The body is not JSON.', { cause });
  }
}
