import { readFileSync } from 'node:fs';
import { BUCKETS, type Features, WINDOW_WORDS } from './features.ts';

/**
 * A linear model over windows of words. `weights` are signed bytes; the logit of a window is
 * `bias + scale * sum(weights of its features)`.
 */
export interface Model {
  readonly weights: Int8Array;
  readonly scale: number;
  readonly bias: number;
}

const MAGIC = 0x50564d31; // "PVM1"
const HEADER_BYTES = 16;

/** File form: magic, number of buckets (u32), scale and bias (f32), all big-endian, then one signed byte a bucket. */
export function encodeModel({ weights, scale, bias }: Model): Buffer {
  const file = Buffer.alloc(HEADER_BYTES + weights.length);
  file.writeUInt32BE(MAGIC, 0);
  file.writeUInt32BE(weights.length, 4);
  file.writeFloatBE(scale, 8);
  file.writeFloatBE(bias, 12);
  file.set(new Uint8Array(weights.buffer, weights.byteOffset, weights.length), HEADER_BYTES);
  return file;
}

function decodeModel(file: Buffer): Model {
  if (file.length !== HEADER_BYTES + BUCKETS || file.readUInt32BE(0) !== MAGIC || file.readUInt32BE(4) !== BUCKETS)
    throw new TypeError('the weights of the injection model are not of this version');
  const weights = new Int8Array(file.buffer, file.byteOffset + HEADER_BYTES, BUCKETS);
  return { weights, scale: file.readFloatBE(8), bias: file.readFloatBE(12) };
}

let shipped: Model | undefined;

/** The model in the repository, trained by `bench/train-detector.ts`; see `weights/README.md`. */
export function shippedModel(): Model {
  shipped ??= decodeModel(readFileSync(new URL('./weights/injection.bin', import.meta.url)));
  return shipped;
}

/** The highest logit of any window, and the word at which that window begins. */
export function bestWindow(
  { weights, scale, bias }: Model,
  { words, starts, buckets }: Features,
): { logit: number; from: number } {
  let sum = 0;
  let best = words === 0 ? 0 : Number.NEGATIVE_INFINITY;
  let from = 0;
  const sums = new Int32Array(words);
  for (let word = 0; word < words; word++) {
    let own = 0;
    for (let index = starts[word]!; index < starts[word + 1]!; index++) own += weights[buckets[index]!]!;
    sums[word] = own;
    sum += own;
    if (word >= WINDOW_WORDS) sum -= sums[word - WINDOW_WORDS]!;
    if ((word >= WINDOW_WORDS - 1 || word === words - 1) && sum > best) {
      best = sum;
      from = Math.max(0, word - WINDOW_WORDS + 1);
    }
  }
  return { logit: bias + scale * best, from };
}
