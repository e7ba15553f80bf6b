import { join } from 'node:path';
import { findPersonal, type PersonalKind, type PersonalSpan } from '@portreeve/context';
import { dataFolder, readRows, setNames } from './lib/read-set.ts';
import { type Bar, printReport, type Row } from './lib/report.ts';

// The recognisers on texts whose personal data is known: recall and precision for each type of a set. Types that are
// not looked for (places, organisations, ages, job titles …) are shown without figures.

interface Entity {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}
interface Sample {
  readonly text: string;
  readonly entities: readonly Entity[];
}

/** What a set calls the things that we look for: parts of the type's name, first match. */
const TYPES: readonly (readonly [RegExp, readonly PersonalKind[]])[] = [
  [/CREDIT_?CARD|CARD_?NUMBER|^CARD$/, ['card']],
  [/IBAN/, ['iban']],
  [
    /SSN|SOCIAL|NATIONAL|TAX|PASSPORT|DRIVER|LICEN[SC]E|ID_?CARD|AADHAAR|NHS|NINO|PESEL|CPF|_ID$|IDENTIFIER/,
    ['national_id'],
  ],
  [/E_?MAIL/, ['email']],
  [/PHONE|TELEPHONE|MOBILE|FAX/, ['phone']],
  [/MAC/, ['mac_address']],
  [/\bIP|IP_?V\d|IP_?ADDRESS/, ['ip_address']],
  [/URL|DOMAIN|WEBSITE/, ['url', 'domain']],
  [/CRYPTO|BITCOIN|ETHEREUM|WALLET/, ['crypto_wallet']],
  [/ROUTING|BIC|SWIFT|SORT_?CODE/, ['routing_number']],
  [/ACCOUNT|BANK/, ['account_number', 'iban']],
  [/BIRTH|DOB/, ['birth_date']],
  [/PASSWORD|SECRET|API_?KEY|TOKEN|^PIN$/, ['secret']],
  [/ADDRESS|STREET/, ['address']],
  [/PERSON|^NAME$|(?:FIRST|LAST|FULL|GIVEN|SUR|MIDDLE)_?NAME/, ['name']],
];
/** Kinds with a checksum or a form that cannot be mistaken: the bar is for these. */
const CHECKED: ReadonlySet<PersonalKind> = new Set([
  'card',
  'iban',
  'email',
  'ip_address',
  'mac_address',
  'crypto_wallet',
]);
const CHECKED_TYPES = /SSN|AADHAAR|NHS|PESEL|CPF/;

const kindsOf = (type: string): readonly PersonalKind[] =>
  TYPES.find(([pattern]) => pattern.test(type.toUpperCase()))?.[1] ?? [];
const overlaps = (a: { start: number; end: number }, b: { start: number; end: number }) =>
  a.start < b.end && b.start < a.end;

interface Tally {
  count: number;
  found: number;
  hidden: number;
}

const folder = dataFolder('pii');
const results: Row[] = [];
const bars: Bar[] = [];
if (folder === null)
  process.stderr.write('skipped: the sets of bench:pii are not here; name their folder with --data\n');
else
  for (const file of setNames(folder))
    measureSet(file.replace(/\.jsonl(\.gz)?$/, ''), readRows<Sample>(join(folder, file)));
printReport({ bench: 'pii', results, bars });

function measureSet(set: string, rows: readonly Sample[]): void {
  const tallies = new Map<string, Tally>();
  const right = new Map<PersonalKind, number>();
  const all = new Map<PersonalKind, number>();
  for (const { text } of rows.slice(0, 200)) findPersonal(text);
  const start = performance.now();
  const found = rows.map(({ text }) => findPersonal(text));
  const ms = performance.now() - start;
  rows.forEach(({ text, entities }, index) => {
    const spans = found[index]!;
    for (const span of spans) {
      all.set(span.kind, (all.get(span.kind) ?? 0) + 1);
      if (entities.some((entity) => overlaps(entity, span) && kindsOf(entity.type).includes(span.kind)))
        right.set(span.kind, (right.get(span.kind) ?? 0) + 1);
    }
    for (const entity of entities) {
      const tally = tallies.get(entity.type) ?? { count: 0, found: 0, hidden: 0 };
      tallies.set(entity.type, tally);
      const kinds = kindsOf(entity.type);
      tally.count++;
      if (spans.some((span) => overlaps(span, entity) && kinds.includes(span.kind))) tally.found++;
      if (isHidden(text, entity, spans)) tally.hidden++;
    }
  });
  const share = (part: number, whole: number) => (whole === 0 ? null : Number((part / whole).toFixed(4)));
  for (const [type, { count, found: hits, hidden }] of [...tallies].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const kinds = kindsOf(type);
    const sum = (of: ReadonlyMap<PersonalKind, number>) =>
      kinds.reduce((total, kind) => total + (of.get(kind) ?? 0), 0);
    results.push({
      set,
      type,
      kind: kinds.join(', ') || 'not looked for',
      count,
      recall: kinds.length === 0 ? null : share(hits, count),
      wholly_hidden: share(hidden, count),
      kind_precision: kinds.length === 0 ? null : share(sum(right), sum(all)),
      mb_per_s: Number((rows.reduce((total, { text }) => total + text.length, 0) / 1e3 / ms).toFixed(2)),
    });
    if (
      kinds.length > 0 &&
      count > 0 &&
      (kinds.every((kind) => CHECKED.has(kind)) || CHECKED_TYPES.test(type.toUpperCase()))
    )
      bars.push({ name: `missed of ${type} in ${set}`, value: Number((1 - hits / count).toFixed(4)), bar: 0.0499 });
  }
}

/** Whether no letter or digit of the value is outside of what was found, of whatever kind. */
function isHidden(text: string, { start, end }: Entity, spans: readonly PersonalSpan[]): boolean {
  for (let at = start; at < end; at++) {
    if (/[\p{L}\p{N}]/u.test(text[at]!) && !spans.some((span) => span.start <= at && at < span.end)) return false;
  }
  return true;
}
