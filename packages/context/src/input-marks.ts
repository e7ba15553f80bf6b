import { canonicalJson, type Json } from '@portreeve/contract';
import { cleanText } from './clean.ts';

/** A trusted value as JSON between marks that it cannot close: `<`, `>` and `&` are written as JSON escapes. */
export function markInput(name: string, value: Json): string {
  const json = cleanText(canonicalJson(value)).text.replace(
    /[<>&]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `<input name="${name}">${json}</input>`;
}

const MARKED = /<input name="([^"<>]{1,128})">([^<>]*)<\/input>/g;

/**
 * The text with the value of each mark replaced. A prompt's author may write such a mark by hand: what is not one of the
 * names, or no JSON, stays.
 */
export function mapMarked(text: string, names: ReadonlySet<string>, map: (name: string, value: Json) => Json): string {
  return text.replace(MARKED, (mark, name: string, json: string) => {
    const value = names.has(name) ? parsed(json) : undefined;
    return value === undefined ? mark : markInput(name, map(name, value));
  });
}

function parsed(json: string): Json | undefined {
  try {
    return JSON.parse(json) as Json;
  } catch {
    return undefined;
  }
}
