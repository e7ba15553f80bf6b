/** Where a phrase ended: `symbol` is the index of its last symbol, `length` how many symbols it has. */
export interface PhraseHit {
  readonly phrase: number;
  readonly symbol: number;
  readonly length: number;
}

/**
 * Aho-Corasick over 32-bit symbols (hashes of words, or character codes) on typed arrays: all phrases in one pass,
 * linear in the text plus the hits. Transitions stand in an open-addressing table, so the alphabet has no size.
 */
export class PhraseAutomaton {
  readonly #mask: number;
  readonly #states: Int32Array;
  readonly #symbols: Uint32Array;
  readonly #targets: Int32Array;
  readonly #fail: Int32Array;
  /** The phrase that ends in a state, or -1; and the next state up the failure links in which one ends, or 0. */
  readonly #ends: Int32Array;
  readonly #next: Int32Array;
  readonly #lengths: Int32Array;
  readonly #depths: Int32Array;
  /** States from which a phrase goes on. */
  readonly #inner: Uint8Array;

  constructor(phrases: readonly (readonly number[])[]) {
    const total = phrases.reduce((sum, phrase) => sum + phrase.length, 1);
    let size = 16;
    while (size < total * 3) size *= 2;
    this.#mask = size - 1;
    this.#states = new Int32Array(size).fill(-1);
    this.#symbols = new Uint32Array(size);
    this.#targets = new Int32Array(size);
    this.#fail = new Int32Array(total);
    this.#ends = new Int32Array(total).fill(-1);
    this.#next = new Int32Array(total);
    this.#lengths = Int32Array.from(phrases, (phrase) => phrase.length);
    const edges: [from: number, symbol: number, to: number][] = [];
    let count = 1;
    phrases.forEach((phrase, index) => {
      let state = 0;
      for (const symbol of phrase) {
        let target = this.#target(state, symbol);
        if (target < 0) {
          target = count++;
          const slot = this.#slot(state, symbol);
          this.#states[slot] = state;
          this.#symbols[slot] = symbol;
          this.#targets[slot] = target;
          edges.push([state, symbol, target]);
        }
        state = target;
      }
      if (state !== 0 && this.#ends[state] === -1) this.#ends[state] = index;
    });
    // Breadth first: the failure state of a node is known before those of its children.
    const depth = new Int32Array(count);
    for (const [from, , to] of edges) depth[to] = depth[from]! + 1;
    this.#depths = depth;
    this.#inner = new Uint8Array(count);
    for (const [from] of edges) this.#inner[from] = 1;
    edges.sort((a, b) => depth[a[2]]! - depth[b[2]]!);
    for (const [from, symbol, to] of edges) {
      const fail = from === 0 ? 0 : this.#step(this.#fail[from]!, symbol);
      this.#fail[to] = fail;
      this.#next[to] = this.#ends[fail] !== -1 ? fail : this.#next[fail]!;
    }
  }

  /** Every occurrence of every phrase, in the order of their ends. */
  find(text: Uint32Array): PhraseHit[] {
    const hits: PhraseHit[] = [];
    let state = 0;
    for (let symbol = 0; symbol < text.length; symbol++) {
      state = this.#step(state, text[symbol]!);
      let at = this.#ends[state] !== -1 ? state : this.#next[state]!;
      while (at !== 0) {
        const phrase = this.#ends[at]!;
        hits.push({ phrase, symbol, length: this.#lengths[phrase]! });
        at = this.#next[at]!;
      }
    }
    return hits;
  }

  /** How many symbols at the end of the text may go on to become a phrase; the most there are. */
  tail(text: Uint32Array): number {
    let state = 0;
    for (let symbol = 0; symbol < text.length; symbol++) state = this.#step(state, text[symbol]!);
    while (state !== 0 && this.#inner[state] === 0) state = this.#fail[state]!;
    return this.#depths[state]!;
  }

  #step(from: number, symbol: number): number {
    let state = from;
    for (;;) {
      const target = this.#target(state, symbol);
      if (target >= 0) return target;
      if (state === 0) return 0;
      state = this.#fail[state]!;
    }
  }

  #slot(state: number, symbol: number): number {
    let slot = (Math.imul(state, 0x9e3779b1) ^ Math.imul(symbol, 0x85ebca6b)) >>> 7;
    for (slot &= this.#mask; this.#states[slot] !== -1; slot = (slot + 1) & this.#mask) {
      if (this.#states[slot] === state && this.#symbols[slot] === symbol) break;
    }
    return slot;
  }

  #target(state: number, symbol: number): number {
    const slot = this.#slot(state, symbol >>> 0);
    return this.#states[slot] === -1 ? -1 : this.#targets[slot]!;
  }
}
