import type { Json } from '@portreeve/contract';
import { detectPersonal, type PersonalRecogniser } from './detect-personal.ts';
import { findInLeaf, isWholeWord, WHOLE_BELOW } from './find-in-leaf.ts';
import type { PersonalKind } from './kinds.ts';
import { type Leaf, mapLeaves } from './map-leaves.ts';
import { pseudonymOf } from './pseudonym-forms.ts';
import { type Occurrence, replaceAt, StringFinder } from './replace-strings.ts';
import type { PseudonymVault, VaultEntry } from './vault.ts';

export interface PseudonymiseOptions {
  readonly vault: PseudonymVault;
  /** What a pseudonym is stable within: a run or a workflow. */
  readonly scope: string;
  /** At least 32 bytes; makes the pseudonyms unguessable. The same key gives the same pseudonyms. */
  readonly key: Uint8Array;
  /** Recognisers besides our own. */
  readonly others?: readonly PersonalRecogniser[];
}

export interface Pseudonymised<T extends Json> {
  readonly value: T;
  /** How many places were replaced, by kind. */
  readonly replaced: Readonly<Partial<Record<PersonalKind, number>>>;
  /** How many pseudonyms of this scope stood there already. They are left as they are. */
  readonly present: number;
}

const KEY_BYTES_MIN = 32;
const ATTEMPTS_MAX = 64;

/**
 * Replaces personal data and credentials in a text or in any JSON value by pseudonyms (requirement D9): keys stay, and
 * in strings only the values themselves change. What is found in one place is replaced in all, also what earlier calls
 * found in this scope. `restore` undoes it exactly. What no recogniser finds stays. Throws what a recogniser or the
 * vault throws: a value is handed on whole or not at all.
 */
export async function pseudonymise<T extends Json>(value: T, options: PseudonymiseOptions): Promise<Pseudonymised<T>> {
  const { vault, scope, key, others } = options;
  if (key.length < KEY_BYTES_MIN) throw new TypeError(`a pseudonym key has at least ${KEY_BYTES_MIN} bytes`);
  const known = new Map((await vault.load(scope)).map((entry) => [entryKey(entry), entry]));
  const pseudonyms = new StringFinder([...known.values()].map(({ pseudonym }) => pseudonym));

  const leaves: Leaf[] = [];
  mapLeaves(value, (leaf) => {
    leaves.push(leaf);
    return leaf.value;
  });
  let present = 0;
  const protectedByText = new Map<string, readonly Occurrence[]>();
  const foundByLeaf = await Promise.all(
    leaves.map(async (leaf) => {
      const text = String(leaf.value);
      const there = pseudonyms.find(text);
      present += there.length;
      protectedByText.set(text, there);
      const found = await findInLeaf(leaf, (each) => detectPersonal(each, others ?? []));
      return found.filter((each) => !there.some((place) => overlaps(place, each)));
    }),
  );

  const wanted = new Map<string, Omit<VaultEntry, 'pseudonym'>>();
  leaves.forEach((leaf, index) => {
    for (const { kind, start, end } of foundByLeaf[index]!) {
      const entry = { kind, value: String(leaf.value).slice(start, end), numeric: typeof leaf.value === 'number' };
      if (!known.has(entryKey(entry))) wanted.set(entryKey(entry), entry);
    }
  });
  for (const entry of await enter([...wanted.values()], options, known)) known.set(entryKey(entry), entry);

  const entries = [...known.values()];
  const values = new StringFinder(entries.map((entry) => entry.value));
  const replaced: Partial<Record<PersonalKind, number>> = {};
  let at = 0;
  const result = mapLeaves(value, (leaf) => {
    const text = String(leaf.value);
    const numeric = typeof leaf.value === 'number';
    const first = [...foundByLeaf[at++]!, ...protectedByText.get(text)!];
    const more = values
      .find(text, (place) => isWhole(text, place, entries[place.index]!))
      .filter((place) => !numeric && !first.some((each) => overlaps(each, place)));
    const places = [...foundByLeaf[at - 1]!, ...more].sort((a, b) => a.start - b.start);
    if (places.length === 0) return leaf.value;
    return replaceAt(text, places, (place) => {
      const entry =
        'index' in place
          ? entries[place.index]!
          : known.get(entryKey({ value: text.slice(place.start, place.end), numeric }))!;
      replaced[entry.kind] = (replaced[entry.kind] ?? 0) + 1;
      return entry.pseudonym;
    });
  });
  return { value: result as T, replaced, present };
}

/** One value has one pseudonym in a scope, whatever kind it was taken for first. */
function entryKey({ value, numeric }: Pick<VaultEntry, 'value' | 'numeric'>): string {
  return `${numeric ? 'n' : 's'}${value}`;
}

const overlaps = (a: { start: number; end: number }, b: { start: number; end: number }) =>
  a.start < b.end && b.start < a.end;

function isWhole(text: string, place: Occurrence, { kind, value }: VaultEntry): boolean {
  if (kind !== 'name' && value.length >= WHOLE_BELOW) return true;
  return isWholeWord(text, place);
}

/** Gives each new value a pseudonym that no other value of the scope has, and enters it into the vault. */
async function enter(
  wanted: readonly Omit<VaultEntry, 'pseudonym'>[],
  { vault, scope, key }: PseudonymiseOptions,
  known: ReadonlyMap<string, VaultEntry>,
): Promise<VaultEntry[]> {
  const taken = new Set([...known.values()].map(({ pseudonym }) => pseudonym));
  const entered: VaultEntry[] = [];
  let open = wanted;
  for (let attempt = 0; open.length > 0; attempt++) {
    if (attempt === ATTEMPTS_MAX)
      throw new RangeError('the scope has too many values of one kind for pseudonyms of its form');
    const again: Omit<VaultEntry, 'pseudonym'>[] = [];
    const tried: VaultEntry[] = [];
    for (const entry of open) {
      const pseudonym = pseudonymOf({ key, scope, kind: entry.kind, value: entry.value, attempt });
      if (taken.has(pseudonym)) again.push(entry);
      else {
        taken.add(pseudonym);
        tried.push({ pseudonym, ...entry });
      }
    }
    const standing = await vault.add(scope, tried);
    tried.forEach((entry, index) => {
      const stands = standing[index]!;
      if (stands.value === entry.value && stands.numeric === entry.numeric) entered.push(stands);
      else again.push({ kind: entry.kind, value: entry.value, numeric: entry.numeric });
    });
    open = again;
  }
  return entered;
}
