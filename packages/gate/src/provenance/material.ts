import type { EvidenceId, Json } from '@portreeve/contract';
import { type Folded, foldForTouch, foldForTrust } from './fold.ts';

/** Something that a value may have come from. */
export interface Source {
  /** `request`, a source's or tool's name, an evidence id. */
  readonly origin: string;
  readonly trust: 'request' | 'trusted' | 'quarantined' | 'untrusted';
  readonly value: Json;
  /**
   * Whether a system composed its records, so that who writes a text in it cannot make a record or an id. Text that
   * somebody wrote whole (a page, a file) never is, whatever it looks like.
   */
  readonly structured: boolean;
  /** It answers a question in the requester's own words: where it is one record, that is the one they mean. */
  readonly asked?: boolean;
  /** Of what was read in quarantine: how much it can say, in bits. */
  readonly bits?: number;
  /** The pieces of evidence that it consists of, where it does. */
  readonly pieces?: readonly Piece[];
}

/** What stands at the JSON pointer `at` of a source, or below, stands at `within` of this piece's fields, or below. */
export interface Piece {
  readonly id: EvidenceId;
  readonly at: string;
  readonly within?: string;
}

/** One string, number or boolean of a source. */
export interface Leaf {
  readonly source: Source;
  /** JSON pointer into the source. */
  readonly at: string;
  /** The name of the member that it is, or of the list that it stands in. */
  readonly key: string;
  readonly value: string | number | boolean;
  readonly text: string;
  /** The innermost object around it, by its pointer; null where there is none. */
  readonly record: Entry | null;
}

/** An object of a source, with the leaves that are its own. */
export interface Entry {
  readonly source: Source;
  readonly at: string;
  readonly leaves: Leaf[];
}

/** By what name a leaf is known to people, and where it stands there: of evidence, its piece. */
export function placeOf({ source, at }: Leaf): { readonly origin: string; readonly at: string } {
  const piece = source.pieces?.find((each) => at === each.at || at.startsWith(`${each.at}/`));
  return piece
    ? { origin: piece.id, at: `${piece.within ?? ''}${at.slice(piece.at.length)}` }
    : { origin: source.origin, at };
}

const LEAVES_MAX = 50_000;

interface Index {
  readonly leaves: readonly Leaf[];
  readonly entries: readonly Entry[];
  /** All text of it in one, for values that are put together from parts. */
  readonly whole: () => string;
}

const indexes = new WeakMap<Source, Index>();
const trustFolds = new WeakMap<Leaf, Folded>();
const touchFolds = new WeakMap<Leaf, Folded>();

/** The leaves and objects of a source; computed once. Throws `RangeError` beyond 50,000 leaves. */
export function indexOf(source: Source): Index {
  const known = indexes.get(source);
  if (known) return known;
  const leaves: Leaf[] = [];
  const entries: Entry[] = [];
  const walk = (node: Json, at: string, key: string, record: Entry | null): void => {
    if (node === null) return;
    if (typeof node !== 'object') {
      if (leaves.length >= LEAVES_MAX) throw new RangeError(`a source has more than ${LEAVES_MAX} values`);
      const leaf: Leaf = { source, at, key, value: node, text: String(node), record };
      leaves.push(leaf);
      record?.leaves.push(leaf);
      return;
    }
    if (Array.isArray(node)) {
      node.forEach((item, index) => {
        walk(item, `${at}/${index}`, key, record);
      });
      return;
    }
    const entry: Entry = { source, at, leaves: [] };
    entries.push(entry);
    for (const [name, item] of Object.entries(node)) {
      walk(item as Json, `${at}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`, name, entry);
    }
  };
  walk(source.value, '', '', null);
  let whole: string | undefined;
  const index: Index = {
    leaves,
    entries,
    whole: () => {
      whole ??= leaves.map((leaf) => touchFold(leaf).text).join('');
      return whole;
    },
  };
  indexes.set(source, index);
  return index;
}

export function trustFold(leaf: Leaf): Folded {
  return cached(trustFolds, leaf, foldForTrust);
}

export function touchFold(leaf: Leaf): Folded {
  return cached(touchFolds, leaf, foldForTouch);
}

function cached(cache: WeakMap<Leaf, Folded>, leaf: Leaf, fold: (text: string) => Folded): Folded {
  let folded = cache.get(leaf);
  if (!folded) {
    folded = fold(leaf.text);
    cache.set(leaf, folded);
  }
  return folded;
}
