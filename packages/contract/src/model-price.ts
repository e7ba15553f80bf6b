import { z } from 'zod';

/** ISO 4217. */
const currencySchema = z.string().regex(/^[A-Z]{3}$/, 'such as USD');

/** Millionths of a currency's unit: 3 dollars are 3,000,000. Never a float. */
const microsSchema = z.int().min(0);

export const costSchema = z.strictObject({ currency: currencySchema, micros: microsSchema });
export type Cost = z.infer<typeof costSchema>;

/** What a million tokens of each kind cost, in millionths of the currency's unit. */
const modelPriceSchema = z.strictObject({
  input: microsSchema,
  output: microsSchema,
  /** Input that the vendor read from its prompt cache. Left out: as other input. */
  cache_read: microsSchema.optional(),
  /** Input that it wrote to its cache. Left out: as other input. */
  cache_write: microsSchema.optional(),
});

/** What an endpoint's answers cost, by the name of the model that answered. */
export const pricesSchema = z.strictObject({
  currency: currencySchema,
  models: z.record(z.string().min(1).max(128), modelPriceSchema),
});
export type Prices = z.infer<typeof pricesSchema>;

/** Tokens of one attempt; `input_tokens` holds the cached ones too. */
export interface PricedUsage {
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cache_read_tokens: number;
  readonly cache_write_tokens: number;
}

/**
 * What an attempt cost, rounded up to a whole millionth; null where none of `models` has a price. The names are tried in
 * order: a vendor may answer under a dated name of the model that was asked.
 */
export function costOf(prices: Prices | null, models: readonly string[], usage: PricedUsage): Cost | null {
  const name = models.find((model) => prices !== null && Object.hasOwn(prices.models, model));
  if (prices === null || name === undefined) return null;
  const { input, output, cache_read = input, cache_write = input } = prices.models[name]!;
  const plain = Math.max(0, usage.input_tokens - usage.cache_read_tokens - usage.cache_write_tokens);
  const parts = [
    [plain, input],
    [usage.cache_read_tokens, cache_read],
    [usage.cache_write_tokens, cache_write],
    [usage.output_tokens, output],
  ] as const;
  const total = parts.reduce((sum, [tokens, price]) => sum + BigInt(tokens) * BigInt(price), 0n);
  return { currency: prices.currency, micros: Number((total + 999_999n) / 1_000_000n) };
}
