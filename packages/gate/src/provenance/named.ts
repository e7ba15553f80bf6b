import type { Json } from '@portreeve/contract';
import { foldForTrust, isPlain } from './fold.ts';
import { findWhole } from './literal.ts';
import { type Entry, indexOf, type Leaf, type Source, trustFold } from './material.ts';
import { asNumber } from './numbers.ts';
import { isCommonWord } from './recipients.ts';

/**
 * Records that the request names. A record is named by a title (a member whose name ends in `name`, `title`, `subject`,
 * `label` or `heading`) that stands in the request as a thing of its own; case, spacing, hyphens and a file's extension do
 * not matter. It is named too where it is the one answer to a question in the requester's words. Only systems make
 * records: text that somebody wrote whole has none.
 */
export function namedEntries(material: readonly Source[], request: readonly Source[]): Map<string, Entry[]> {
  const texts = requestTexts(request);
  const entriesByTitle = new Map<string, Entry[]>();
  for (const source of material) {
    if (!source.structured) continue;
    const { entries } = indexOf(source);
    const answers = source.asked ? entries.filter((entry) => /^(?:\/\d+)?$/.test(entry.at)) : [];
    if (answers.length === 1) entriesByTitle.set(`the answer ${source.origin}`, answers);
    for (const entry of entries) {
      for (const leaf of entry.leaves) {
        const title = isTitle(leaf) ? titleIn(leaf, source.trust === 'trusted' ? 4 : UNTRUSTED_CHARS_MIN, texts) : null;
        if (title === null) continue;
        const list = entriesByTitle.get(title) ?? [];
        if (!list.includes(entry)) list.push(entry);
        entriesByTitle.set(title, list);
      }
    }
  }
  return entriesByTitle;
}

/**
 * The identifier of a record that the request names, unless another record of the same name has another identifier: two
 * records of one name are a choice, and a choice is nobody's word.
 */
export function identifierOfNamed(
  value: Json,
  named: ReadonlyMap<string, readonly Entry[]>,
  isMember: (leaf: Leaf) => boolean,
): Leaf | null {
  for (const entries of named.values()) {
    const members = entries.flatMap((entry) => entry.leaves.filter(isMember));
    const found = members.find((leaf) => leaf.text === String(value));
    if (found && new Set(members.map((leaf) => leaf.text)).size === 1) return found;
  }
  return null;
}

/**
 * Any member but its title of a trusted record that the request calls by its title, or that is the one answer to a
 * question of the request, where there is one such record alone.
 */
export function memberOfNamed(
  value: Json,
  named: ReadonlyMap<string, readonly Entry[]>,
  isCalled: (title: string) => boolean,
): Leaf | null {
  for (const entries of named.values()) {
    const trusted = entries.filter((entry) => entry.source.trust === 'trusted');
    if (new Set(trusted.map(contentOf)).size !== 1) continue;
    const isMeant = trusted.some(
      (entry) => entry.source.asked || entry.leaves.some((leaf) => isTitle(leaf) && isCalled(leaf.text)),
    );
    if (!isMeant) continue;
    const found = trusted[0]!.leaves.find((leaf) => leaf.value === value && !isIdentifier(leaf.key) && !isTitle(leaf));
    if (found) return found;
  }
  return null;
}

const contentOf = (entry: Entry) => JSON.stringify(entry.leaves.map((leaf) => [leaf.key, leaf.value]));

/** Whether a member of this name stands for its record, or for another: `id`, `uuid`, `file_id`, `fileId`. */
export function isIdentifier(key: string): boolean {
  return /^(?:id|ids|uid|uuid|guid)_?$|[_-](?:id|ids|uuid)_?$/i.test(key) || /[a-z0-9](?:Id|ID|Ids|Uuid)$/.test(key);
}

/** The identifier of the record itself, not of another that it points at. */
export const isOwnIdentifier = (key: string): boolean => /^(?:id|uid|uuid|guid)$/.test(lettersOf(key));

/**
 * Numbers (typed as such, never digits in a text) of records that the request points at: by a title, by a value of the
 * request that is a whole member, or by a proper name of the request in a short member.
 */
export function namedNumbers(material: readonly Source[], request: readonly Source[]): bigint[] {
  const texts = requestTexts(request);
  const proper = properNames(request);
  const numbers = new Set<bigint>();
  for (const source of material) {
    if (!source.structured) continue;
    for (const entry of indexOf(source).entries) {
      if (!entry.leaves.some((leaf) => pointsAt(leaf, texts, proper))) continue;
      for (const leaf of entry.leaves) {
        const number = typeof leaf.value === 'number' && !isIdentifier(leaf.key) ? asNumber(leaf.text) : null;
        if (number !== null) numbers.add(number);
      }
    }
  }
  return [...numbers];
}

/** One common word names nothing in a record that somebody else may have written. */
const UNTRUSTED_CHARS_MIN = 8;
const LABEL_CHARS_MAX = 80;

export const lettersOf = (name: string) => name.toLowerCase().replace(/[^a-z]/g, '');
const isTitle = (leaf: Leaf) =>
  typeof leaf.value === 'string' &&
  leaf.text.length <= LABEL_CHARS_MAX &&
  /(?:name|title|subject|label|heading)$/.test(lettersOf(leaf.key));

const requestTexts = (request: readonly Source[]) =>
  request.flatMap((source) =>
    indexOf(source).leaves.flatMap((leaf) => {
      const text = trustFold(leaf).text;
      return [text, spaced(text)];
    }),
  );

const spaced = (text: string) => text.replace(/[-_]+/g, ' ').replace(/\s+/g, ' ');

function titleIn(leaf: Leaf, charsMin: number, texts: readonly string[]): string | null {
  if (!isPlain(leaf.text)) return null;
  const whole = foldForTrust(leaf.text).text;
  const bare = whole.replace(/\.[a-z0-9]{1,5}$/, '');
  // The longest form that the request has: `plan.docx` beats `plan`.
  for (const form of [whole, spaced(whole), bare, spaced(bare)]) {
    if (form.replace(/[^\p{L}\p{N}]/gu, '').length < charsMin) continue;
    if (texts.some((text) => findWhole(form, text) >= 0)) return spaced(bare);
  }
  return null;
}

function pointsAt(leaf: Leaf, texts: readonly string[], proper: readonly string[]): boolean {
  if (typeof leaf.value !== 'string' || leaf.text.length > LABEL_CHARS_MAX || !isPlain(leaf.text)) return false;
  const folded = trustFold(leaf).text;
  if (
    (folded.length >= UNTRUSTED_CHARS_MIN || /\p{L}\p{N}|\p{N}\p{L}/u.test(folded)) &&
    texts.some((text) => findWhole(folded, text) >= 0)
  )
    return true;
  return isTitle(leaf) && proper.some((name) => findWhole(name, folded) >= 0);
}

/** Words of the request with a capital letter, five letters or more: what a person calls a thing by. */
function properNames(request: readonly Source[]): string[] {
  return request.flatMap((source) =>
    indexOf(source).leaves.flatMap((leaf) =>
      (leaf.text.match(/(?<![\p{L}\p{N}@._/-])[\p{L}\p{N}]{5,}(?![\p{L}\p{N}@_/-])/gu) ?? [])
        .filter((word) => /\p{Lu}/u.test(word) && !isCommonWord(word.toLowerCase()))
        .map((word) => foldForTrust(word).text),
    ),
  );
}
