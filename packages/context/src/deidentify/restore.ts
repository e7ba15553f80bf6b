import type { Json } from '@portreeve/contract';
import type { PersonalKind } from './kinds.ts';
import { mapLeaves } from './map-leaves.ts';
import { replaceAt, StringFinder } from './replace-strings.ts';
import type { PseudonymVault, VaultEntry } from './vault.ts';

export interface RestoreOptions {
  readonly vault: PseudonymVault;
  readonly scope: string;
  /** Whether this value may come back here. There is no default: without a decision nothing is restored. */
  readonly allowed: (entry: VaultEntry) => boolean;
}

export interface Restored<T extends Json> {
  readonly value: T;
  readonly restored: Readonly<Partial<Record<PersonalKind, number>>>;
  /** Pseudonyms that stay because their value is not allowed. */
  readonly withheld: Readonly<Partial<Record<PersonalKind, number>>>;
}

/**
 * Puts values back in place of their pseudonyms (requirement D9), in strings and JSON values; keys stay. INVARIANT: this
 * module is the only way back, and it restores what the caller's decision allows, in the one scope. Text
 * that only looks like a pseudonym stays.
 */
export async function restore<T extends Json>(value: T, options: RestoreOptions): Promise<Restored<T>> {
  const restorer = await loadRestorer(options);
  return {
    value: mapLeaves(value, (leaf) => (typeof leaf.value === 'number' ? leaf.value : restorer.leaf(leaf.value))) as T,
    ...restorer.counts,
  };
}

export interface StreamRestorer {
  /** What can be shown so far. Bytes are UTF-8, split anywhere. */
  push(chunk: string | Uint8Array): string;
  /** The rest. Nothing may be pushed afterwards. */
  end(): string;
  readonly counts: Pick<Restored<Json>, 'restored' | 'withheld'>;
}

/**
 * Restores a stream: what may be the beginning of a pseudonym is held back until it is one or is not, so that the joined
 * output is the same wherever the input was split. With `as: 'json'` the stream is the text of a JSON document, as tool
 * arguments arrive, and values are escaped for a JSON string.
 */
export async function restoreStream(
  options: RestoreOptions & { readonly as: 'text' | 'json' },
): Promise<StreamRestorer> {
  const restorer = await loadRestorer(options);
  const write = (value: string) => (options.as === 'json' ? JSON.stringify(value).slice(1, -1) : value);
  const decoder = new TextDecoder();
  let held = '';
  let ended = false;
  const show = (final: boolean): string => {
    const open = final ? held.length : restorer.finder.openFrom(held);
    const places = restorer.finder.find(held).filter(({ start }) => start < open);
    const until = Math.max(open, places.at(-1)?.end ?? 0);
    const shown = replaceAt(held.slice(0, until), places, ({ index, start, end }) =>
      restorer.take(index, held.slice(start, end), write),
    );
    held = held.slice(until);
    return shown;
  };
  return {
    push(chunk) {
      if (ended) throw new TypeError('the stream has ended');
      held += typeof chunk === 'string' ? decoder.decode() + chunk : decoder.decode(chunk, { stream: true });
      return show(false);
    },
    end() {
      ended = true;
      held += decoder.decode();
      return show(true);
    },
    counts: restorer.counts,
  };
}

async function loadRestorer({ vault, scope, allowed }: RestoreOptions) {
  const entries = await vault.load(scope);
  const finder = new StringFinder(entries.map(({ pseudonym }) => pseudonym));
  const restored: Partial<Record<PersonalKind, number>> = {};
  const withheld: Partial<Record<PersonalKind, number>> = {};
  const mayRestore = (entry: VaultEntry): boolean => {
    const may = allowed(entry);
    const counts = may ? restored : withheld;
    counts[entry.kind] = (counts[entry.kind] ?? 0) + 1;
    return may;
  };
  const take = (index: number, pseudonym: string, write: (value: string) => string): string => {
    const entry = entries[index] as VaultEntry;
    return mayRestore(entry) ? write(entry.value) : pseudonym;
  };
  return {
    finder,
    take,
    counts: { restored, withheld },
    leaf(text: string): string | number {
      const places = finder.find(text);
      const [only] = places;
      if (only !== undefined && only.start === 0 && only.end === text.length && entries[only.index]!.numeric)
        return mayRestore(entries[only.index]!) ? Number(entries[only.index]!.value) : text;
      return replaceAt(text, places, ({ index, start, end }) => take(index, text.slice(start, end), (value) => value));
    },
  };
}
