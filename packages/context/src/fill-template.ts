import { type JsonObject, PortreeveError } from '@portreeve/contract';

const PLACEHOLDER = /\{([a-z][a-z0-9_-]*)\}/g;

/**
 * Replaces each `{name}` by the query's value of that name, passed through `encode`. Throws `bad_input` where the query
 * has no such value or `encode` refuses it by returning `null`.
 */
export function fillTemplate(template: string, query: JsonObject, encode: (value: string) => string | null): string {
  return template.replace(PLACEHOLDER, (_match, name: string) => {
    const value = Object.hasOwn(query, name) ? query[name] : undefined;
    const text = typeof value === 'string' || Number.isSafeInteger(value) ? String(value) : null;
    const encoded = text === null ? null : encode(text);
    if (encoded === null) {
      throw new PortreeveError('bad_input', `the query's ${name} cannot stand in an address`, {
        errors: [{ path: `/${name}`, message: 'use letters, digits, dots, dashes and underscores' }],
      });
    }
    return encoded;
  });
}
