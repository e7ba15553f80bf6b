/**
 * What `audit` puts in the place of a secret or a personal value (`packages/audit/SPEC.md`). Policy may not import it, so
 * the form is repeated here; `test/redaction-mark.test.ts` holds the two together.
 */
const MARK = /\u27e6(?:secret|personal):[a-z-]{1,24}:[0-9]{1,7}:[0-9a-f]{16}\u27e7/;

export const isMarked = (value: unknown): boolean => typeof value === 'string' && MARK.test(value);

/**
 * Where something was redacted, as the names on the way to it. A member whose name was redacted is told by the place of
 * its object: nobody knows any more which member it was.
 */
export function redactedPlaces(value: unknown): string[][] {
  const places: string[][] = [];
  const walk = (node: unknown, path: readonly string[]): void => {
    if (isMarked(node)) places.push([...path]);
    if (typeof node !== 'object' || node === null) return;
    if (!Array.isArray(node) && Object.keys(node).some(isMarked)) places.push([...path]);
    for (const [name, inner] of Object.entries(node)) if (!isMarked(name)) walk(inner, [...path, name]);
  };
  walk(value, []);
  return places;
}
