/** Shorter secrets are not looked for: they are found in any text. */
const CHARS_MIN = 8;

/**
 * Whether a text holds a secret as it is, escaped for JSON, percent-encoded, in hex, or in base64 at any alignment. Of a
 * secret of several parts (a JSON object) each string counts. What else a downstream may do to it (encrypt it, cut it in
 * pieces) is not found.
 */
export function mentions(text: string, secret: string): boolean {
  return partsOf(secret).some((part) => formsOf(part).some((form) => text.includes(form)));
}

function partsOf(secret: string): string[] {
  const parts = [secret];
  try {
    const value: unknown = JSON.parse(secret);
    if (typeof value === 'object' && value !== null) {
      parts.push(...Object.values(value).filter((part): part is string => typeof part === 'string'));
    }
  } catch {
    // Most secrets are no JSON.
  }
  return parts.filter((part) => part.length >= CHARS_MIN);
}

function formsOf(part: string): string[] {
  const bytes = Buffer.from(part);
  const escaped = JSON.stringify(part).slice(1, -1);
  const base64 = [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
    // Characters at the edges depend on the neighbours.
    return text.slice(shift === 0 ? 0 : shift + 1, Math.floor(((bytes.length + shift) * 8) / 6));
  });
  return [
    ...[part, escaped, JSON.stringify(escaped).slice(1, -1), encodeURIComponent(part.toWellFormed())],
    ...[bytes.toString('hex'), bytes.toString('hex').toUpperCase()],
    ...base64,
    ...base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
  ];
}
