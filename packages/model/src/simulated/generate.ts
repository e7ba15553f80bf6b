import { canonicalJson, compileSchema, type Json, type JsonObject } from '@portreeve/contract';
import { choose, chooseAll, gravity } from './choose.ts';
import { type Item, type Material, wordsOf } from './read-request.ts';
import { keywordNumber, propertiesOf, type Shape, shapeOf } from './shape.ts';
import { headlineOf, type Ranked, rank } from './signals.ts';
import { cut, narrative, statement, timeOf } from './statement.ts';

/** What a behaviour may put in the place of a computed value; `undefined` leaves it as computed. */
export interface Overrides {
  value(name: string, shape: Shape, computed: Json): Json | undefined;
  /** Whether lists and texts take as much as the schema allows. */
  readonly generous: boolean;
}

/** Leaves everything as computed. */
export const PLAIN: Overrides = { value: () => undefined, generous: false };

/** Below this depth only what a schema requires is filled, so that one that refers to itself comes to an end. */
const DEPTH_FULL = 6;
const DEPTH_MAX = 24;
const ITEMS_DEFAULT = 5;
const ITEMS_GENEROUS = 20;
const ITEMS_MAX = 100;

const IDS = /(^| )(evidence|citations?|cites?|cited|sources?|references?)( ids?)?$|^based on$/;
const CAUTIOUS = /recommend|next|action|question|limitation|gap|unknown|assumption|step/;
const SHORT = /^(title|headline|subject|name|label|heading)$|( title| headline)$/;
const PROSE = /(^| )(text|summary|message|description|statement|title|narrative|rationale)$/;
const TIME = /time|date|when|first seen|last seen|^at$|start|end$/;
const GRAVE = /escalat|incident|malicious|suspicious|urgent|attack|compromis|harmful/;

/** Computes a value for a schema from what a request shows. It knows no workflow: only names, types and limits. */
export function generate(schema: JsonObject, material: Material, overrides: Overrides): Json {
  const ranked = rank(material.items);
  const top = (n: number) => ranked.slice(0, n).map(({ item }) => item);

  const make = (name: string, node: Json | undefined, focus: readonly Item[], depth: number): Json => {
    const shape = shapeOf(node, schema);
    const computed = depth > DEPTH_MAX ? null : compute(name, shape, focus, depth);
    const other = overrides.value(name, shape, computed);
    return other !== undefined && fits(shape, other) ? other : computed;
  };

  const compute = (name: string, shape: Shape, focus: readonly Item[], depth: number): Json => {
    if (shape.literals) return choose(name, shape.literals, about(focus));
    switch (shape.type) {
      case 'object':
        return object(shape, focus, depth);
      case 'array':
        return array(name, shape, focus, depth);
      case 'string':
        return text(name, shape, focus);
      case 'integer':
      case 'number':
        return number(name, shape, focus);
      case 'boolean':
        return GRAVE.test(name) ? gravity(about(focus)) >= 3 : mentions(name, focus) > 0;
      case 'null':
        return null;
    }
  };

  /** The ranking of the items in focus; of all where nothing is in focus. */
  const about = (focus: readonly Item[]): Ranked[] =>
    focus.length === 0 ? ranked : ranked.filter(({ item }) => focus.includes(item));
  const inView = (focus: readonly Item[]) => (focus.length === 0 ? material.items : focus);

  const object = (shape: Shape, focus: readonly Item[], depth: number): Json => {
    const required = Array.isArray(shape.keywords.required) ? shape.keywords.required : [];
    const wanted = propertiesOf(shape).filter(([name]) => depth < DEPTH_FULL || required.includes(name));
    const properties = wanted.map(([name, node]) => [name, wordsOf(name), node] as const);
    const citing = properties.find(([, words, node]) => isIds(words, shapeOf(node, schema), schema));
    // An object that cites is about what it cites: all of its other values come from there.
    const one = citing !== undefined && shapeOf(citing[2], schema).type !== 'array';
    const inner = citing !== undefined && focus.length === 0 ? top(one ? 1 : 3) : focus;
    return Object.fromEntries(properties.map(([name, words, node]) => [name, make(words, node, inner, depth + 1)]));
  };

  const array = (name: string, shape: Shape, focus: readonly Item[], depth: number): Json => {
    const least = keywordNumber(shape, 'minItems') ?? 0;
    const most = Math.min(keywordNumber(shape, 'maxItems') ?? ITEMS_MAX, ITEMS_MAX);
    const usual = overrides.generous ? ITEMS_GENEROUS : CAUTIOUS.test(name) ? 0 : ITEMS_DEFAULT;
    const wanted = depth < DEPTH_FULL ? usual : 0;
    const count = Math.max(least, Math.min(wanted, most));
    const inner = shapeOf(shape.keywords.items, schema);
    if (inner.literals) return chooseAll(name, inner.literals, about(focus)).slice(0, count);
    if (isIds(name, shape, schema)) {
      const ids = (focus.length > 0 ? focus : top(count)).map((item) => item.id);
      return ids.filter((id) => fits(inner, id)).slice(0, Math.max(least, most));
    }
    if (inner.type === 'string') {
      const values = valuesOf(name.replace(/s$/, ''), inView(focus));
      if (values.length > 0) return values.filter((value) => fits(inner, value)).slice(0, Math.min(10, most));
    }
    const subjects = (focus.length > 0 ? focus : top(count)).slice(0, count);
    if (/timeline|chronolog|sequence/.test(name)) subjects.sort(byTime);
    return subjects.map((item) => make(name, shape.keywords.items, [item], depth + 1));
  };

  const text = (name: string, shape: Shape, focus: readonly Item[]): string => {
    const most = keywordNumber(shape, 'maxLength') ?? (focus.length === 1 ? 320 : 900);
    const about = focus.length > 0 ? focus : top(overrides.generous ? ITEMS_GENEROUS : 4);
    const whole = !SHORT.test(name) && (keywordNumber(shape, 'minLength') ?? 0) <= most && most >= 80;
    const candidates = [
      ...(isIds(name, shape, schema) ? about.map((item) => item.id) : []),
      ...material.given.filter((field) => field.words === name).map((field) => field.value.trim()),
      ...(typeof shape.keywords.format === 'string' || TIME.test(name) ? times(name, inView(focus), shape) : []),
      ...valuesOf(name, about),
      ...(whole ? [narrative(about, most)] : []),
      ...about.map((item) => cut(headlineOf(item) || statement(item, most), most)),
      ...(typeof shape.keywords.pattern === 'string' ? about.map((item) => item.id) : []),
      narrative(about, most),
    ];
    return candidates.find((candidate) => candidate !== '' && fits(shape, candidate)) ?? '';
  };

  const number = (name: string, shape: Shape, focus: readonly Item[]): number => {
    const low = keywordNumber(shape, 'minimum') ?? 0;
    const high = keywordNumber(shape, 'maximum') ?? Number.MAX_SAFE_INTEGER;
    if (/confidence|score|probability|certainty/.test(name)) {
      const middle = low + (Math.min(high, 100) - low) / 2;
      return shape.type === 'integer' ? Math.floor(middle) : middle;
    }
    return Math.min(high, Math.max(low, mentions(name, focus)));
  };

  /** How many items have one of the name's words in them; all, where the name says nothing but that it counts. */
  const mentions = (name: string, focus: readonly Item[]): number => {
    const words = name
      .split(' ')
      .filter((word) => !/^(count|total|number|of|events?|items?|the|is|has|num)$/.test(word));
    const seen = inView(focus);
    if (words.length === 0) return seen.length;
    return seen.filter((item) => words.some((word) => item.text.toLowerCase().includes(word.replace(/s$/, '')))).length;
  };

  return make('', schema, [], 0);
}

/** Whether a property holds the id of evidence, or a list of such ids. */
function isIds(words: string, shape: Shape, root: JsonObject): boolean {
  const kind = shape.type === 'array' ? shapeOf(shape.keywords.items, root).type : shape.type;
  return (
    kind === 'string' &&
    (IDS.test(words) || /^(the )?(evidence ids?|ids? of (the )?evidence)\b/i.test(shape.description))
  );
}

/** Distinct values of the fields that the name, or its last words, stands for; the most frequent first. */
function valuesOf(name: string, items: readonly Item[]): string[] {
  if (PROSE.test(name)) return [];
  const countsByValue = new Map<string, number>();
  for (let wanted = name; wanted.length >= 3 && countsByValue.size === 0; wanted = wanted.replace(/^\S+\s*/, '')) {
    for (const item of items) {
      const named = item.fields.filter((field) => isNamed(field.words, wanted));
      for (const value of new Set(named.map((field) => field.value.trim()))) {
        if (value !== '-') countsByValue.set(value, (countsByValue.get(value) ?? 0) + 1);
      }
    }
  }
  return [...countsByValue].sort((a, b) => b[1] - a[1]).map(([value]) => value);
}

function isNamed(words: string, wanted: string): boolean {
  const joined = words.replaceAll(' ', '');
  const other = wanted.replaceAll(' ', '');
  return words.endsWith(` ${wanted}`) || [other, `${other}name`].includes(joined);
}

function times(name: string, items: readonly Item[], shape: Shape): string[] {
  const found = items
    .map(timeOf)
    .filter((time) => time !== null)
    .sort();
  if (/last|end|until|to$/.test(name)) found.reverse();
  if (shape.keywords.format === 'date') return found.map((time) => time.slice(0, 10));
  if (shape.keywords.format !== 'date-time') return found;
  // RFC 3339 wants a T and an offset; logs that say neither are read as UTC, like their UtcTime field.
  return found.map(
    (time) =>
      `${time.replace(' ', 'T').replace(/(Z|[+-]\d\d:\d\d)$/, '')}${/(Z|[+-]\d\d:\d\d)$/.exec(time)?.[0] ?? 'Z'}`,
  );
}

function byTime(a: Item, b: Item): number {
  return (timeOf(a) ?? '').localeCompare(timeOf(b) ?? '') || a.position - b.position;
}

const CHECKED = [
  'maxLength',
  'minLength',
  'pattern',
  'format',
  'minimum',
  'maximum',
  'minItems',
  'maxItems',
  'multipleOf',
];

const checksByLimits = new Map<string, (value: unknown) => boolean>();

/** Whether a value keeps the limits of a shape. Patterns run on RE2 in `contract`. */
function fits(shape: Shape, value: Json): boolean {
  if (shape.literals) return shape.literals.includes(value);
  const limits: Record<string, Json> = { type: shape.type };
  for (const name of CHECKED) {
    const limit = shape.keywords[name];
    if (limit !== undefined) limits[name] = limit;
  }
  const key = canonicalJson(limits);
  let check = checksByLimits.get(key);
  if (!check) {
    check = checker(limits);
    // Compiling is slow, and one answer asks for the same limits many times.
    if (checksByLimits.size > 500) checksByLimits.clear();
    checksByLimits.set(key, check);
  }
  return check(value);
}

function checker(limits: JsonObject): (value: unknown) => boolean {
  try {
    const errors = compileSchema(limits);
    return (value) => errors(value).length === 0;
  } catch {
    // A limit that cannot be checked is one that no value is known to keep.
    return () => false;
  }
}
