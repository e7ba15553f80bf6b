import type { Provider, ProviderAnswer, ProviderRequest } from '../ports.ts';

/** An answer that ends its turn normally with `value` as JSON. */
export function answerOf(value: unknown, more: Partial<ProviderAnswer> = {}): ProviderAnswer {
  const text = more.text ?? JSON.stringify(value);
  return {
    model: 'scripted-1',
    stop_reason: 'end_turn',
    refusal: null,
    text,
    content: text === '' ? [] : [{ type: 'text', text }],
    ...{ input_tokens: 10, output_tokens: 5, cache_read_tokens: 0, cache_write_tokens: 0 },
    request_id: null,
    ...more,
  };
}

/** A provider without a wire: it gives the answers of a script, or throws the errors in it, and keeps the questions. */
export function scriptedProvider(
  script: readonly (ProviderAnswer | Error | ((signal: AbortSignal) => Promise<ProviderAnswer>))[],
  more: Partial<Omit<Provider, 'complete'>> = {},
): Provider & { readonly asked: readonly ProviderRequest[] } {
  const asked: ProviderRequest[] = [];
  return {
    name: 'scripted',
    model: 'scripted-1',
    simulated: true,
    vendor: 'scripted',
    address: { host: '127.0.0.1', port: 1 },
    clearance: {
      confidentiality: 'restricted',
      categories: ['personal', 'health', 'payment', 'credential', 'customer'],
    },
    ...more,
    asked,
    async complete(request, signal) {
      asked.push(request);
      const next = script[asked.length - 1];
      if (next === undefined) throw new Error('the script is at its end');
      if (next instanceof Error) throw next;
      return typeof next === 'function' ? next(signal) : next;
    },
  };
}
