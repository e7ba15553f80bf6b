import type { ProviderRequest } from '../ports.ts';

/** For how long a vendor may keep the stable beginning of a question. */
export type PromptCache = 'off' | '5m' | '1h';

/** Below this no vendor keeps anything; characters, at four a token, of the 1,024 tokens that most models ask for. */
const CHARS_MIN = 4 * 1024;

/**
 * Where the part of a question ends that the vendor may keep for later ones: what is ours and the prompt file's own,
 * which every question by this prompt begins with. INVARIANT: nothing of a request, an input or evidence lies before
 * it, so what one data subject's question leaves in a cache is the same bytes as any other's (requirement D1).
 */
export function cachePoint(
  { system, tools, content, output }: Pick<ProviderRequest, 'system' | 'tools' | 'content' | 'output'>,
  cache: PromptCache,
): { readonly after: number | 'system' | null; readonly control: { type: 'ephemeral'; ttl: '5m' | '1h' } } {
  const stable = content.findIndex((block) => block.type !== 'text' || block.stable !== true);
  const leading = content.slice(0, stable === -1 ? content.length : stable);
  // A vendor puts tools and schema before all else.
  const chars = [system, JSON.stringify([tools, output]), ...leading.map(({ text }) => text)].join('').length;
  const control = { type: 'ephemeral', ttl: cache === '1h' ? '1h' : '5m' } as const;
  if (cache === 'off' || chars < CHARS_MIN) return { after: null, control };
  // A blank block is not sent, so that it can carry no mark.
  const last = leading.findLastIndex(({ text }) => text.trim() !== '');
  if (last >= 0) return { after: last, control };
  return { after: system === '' ? null : 'system', control };
}
