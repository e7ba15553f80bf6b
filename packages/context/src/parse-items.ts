import type { Json } from '@portreeve/contract';

export interface RawItem {
  readonly position: number;
  readonly value: Readonly<Record<string, Json>>;
}

export interface ParsedItems {
  /** At most `max` objects, in the order of the source. */
  readonly items: readonly RawItem[];
  /** Items that the source had, whole or malformed, read or not. */
  readonly available: number;
  /** Positions of what is not a JSON object. */
  readonly malformed: readonly number[];
}

/**
 * The items of a JSON array, or of JSON Lines (one JSON object a line; blank lines are skipped, and positions are line
 * numbers so that a person finds the item in the file). Survives any text: what does not parse is malformed.
 */
export function parseItems(text: string, max: number): ParsedItems {
  const array = text.trimStart().startsWith('[') ? parseJson(text) : undefined;
  const values: readonly { position: number; read: () => unknown }[] = Array.isArray(array)
    ? array.map((value, index) => ({ position: index + 1, read: () => value }))
    : text
        .split('\n')
        .map((line, index) => ({ position: index + 1, line: line.trim() }))
        .filter(({ line }) => line !== '')
        .map(({ position, line }) => ({ position, read: () => parseJson(line) }));
  const items: RawItem[] = [];
  const malformed: number[] = [];
  for (const { position, read } of values) {
    if (items.length === max) break;
    const value = read();
    if (isObject(value)) items.push({ position, value });
    else malformed.push(position);
  }
  return { items, available: values.length, malformed };
}

/** The value, or `undefined` for what is not JSON or nested too deep to be walked. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text, exactNumbers);
  } catch {
    return undefined;
  }
}

/** A number that a double cannot hold stays readable as the text that the source wrote. */
function exactNumbers(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number') return value;
  const faithful = Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value);
  return faithful ? value : (context?.source ?? String(value));
}

function isObject(value: unknown): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
