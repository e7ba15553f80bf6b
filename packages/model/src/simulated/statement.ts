import type { Field, Item } from './read-request.ts';
import { HEADLINES, headlineOf, SIGNALS } from './signals.ts';

const WHEN = /(^| )(time|date|timestamp|utc)( |$)|^time created$|^when$/;
const WHERE = /^(host ?name|host|computer( name)?|machine|device|workstation( name)?)$/;

/** Fields that tell the most of an event, best first. */
const TELLING = [
  /command ?line|script block|payload/,
  /^(target )?(image|object name|file ?name)$/,
  /^(new )?process name$|^source image$|^application( name)?$/,
  /^parent /,
  /^granted access$|^access(es| mask)$/,
  /^destination|^remote|^dest/,
  /account name|user ?name|^user$|^from$|^customer/,
  /service name|task name|query name|^privilege/,
];

const VALUE_CHARS_MAX = 220;

export function timeOf(item: Item): string | null {
  return (
    item.fields.find((field) => WHEN.test(field.words) && /\d{4}-\d\d-\d\d/.test(field.value))?.value.trim() ?? null
  );
}

function hostOf(item: Item): string | null {
  return item.fields.find((field) => WHERE.test(field.words))?.value.trim() ?? null;
}

/**
 * A sentence made of one item's own words: when and where, its message, then its most telling fields as `name: value`,
 * as many as fit into `max` characters.
 */
export function statement(item: Item, max: number): string {
  const headline = headlineOf(item);
  const place = [timeOf(item), hostOf(item)].filter((part) => part !== null).join(' ');
  const parts = [...(place === '' ? [] : [`${place}:`]), ...(headline === '' ? [] : [headline])];
  const used = [headline, ...place.split(' ')];
  let details = 0;
  for (const field of telling(item)) {
    const value = field.value.replace(/\s+/g, ' ').trim();
    const known = used.some((text) => text.toLowerCase().includes(value.toLowerCase()));
    if (details === 4 || value.length > VALUE_CHARS_MAX || value === '' || value === '-' || known) continue;
    const part = `${field.name}: ${value};`;
    if ([...parts, part].join(' ').length > max) continue;
    parts.push(part);
    used.push(value);
    details++;
  }
  const text = parts.join(' ').replace(/[;:]$/, '');
  return cut(text === '' ? item.text.replace(/\s+/g, ' ').trim() : text, max);
}

/** Statements of several items, each with its share of the room. */
export function narrative(items: readonly Item[], max: number): string {
  const share = Math.max(80, Math.floor(max / Math.max(1, items.length)) - 1);
  const texts: string[] = [];
  for (const item of items) {
    const room = Math.min(share, max - texts.join(' ').length - 1);
    if (texts.length > 0 && room < 80) break;
    const text = statement(item, Math.max(1, room));
    if (!texts.includes(text)) texts.push(text);
  }
  return cut(texts.join(' '), max);
}

/** Cuts at the end of a word. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const head = text.slice(0, max + 1);
  const end = head.lastIndexOf(' ');
  return (end > 0 ? head.slice(0, end) : text.slice(0, max)).toWellFormed().trimEnd();
}

function telling(item: Item): Field[] {
  const value = (field: Field) => {
    const signal = Math.max(
      0,
      ...SIGNALS.filter(({ pattern }) => pattern.test(field.value)).map(({ weight }) => weight),
    );
    const place = TELLING.findIndex((pattern) => pattern.test(field.words));
    // A long value, such as a call trace or the message itself, repeats what shorter fields say.
    const long = field.value.length > 600 ? 6 : 0;
    return signal + (place === -1 ? 0 : TELLING.length - place) - long;
  };
  return item.fields
    .filter((field) => !HEADLINES.includes(field.words))
    .map((field) => ({ field, value: value(field) }))
    .filter((entry) => entry.value > 0)
    .sort((a, b) => b.value - a.value)
    .map((entry) => entry.field);
}
