/** The name of the log that takes what no other one does. */
export const MAIN_LOG = 'main';

/** A place in the logs, as addresses and the API name it: an index in the main log as `7`, in another one as `finance:7`. */
export function placeOf(log: string, index: number): string {
  return log === MAIN_LOG ? String(index) : `${log}:${index}`;
}

/** The log and the index of a place; `null` for what is none. */
export function partsOf(place: string): { readonly log: string; readonly index: number } | null {
  const match = /^(?:([a-z][a-z0-9_-]{0,63}):)?(\d{1,15})$/.exec(place);
  return match ? { log: match[1] ?? MAIN_LOG, index: Number(match[2]) } : null;
}
