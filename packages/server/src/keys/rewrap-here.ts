import type { KeyWrapper } from '@portreeve/contract';

type Wrapped = Awaited<ReturnType<KeyWrapper['wrap']>>;

/** Opens and wraps anew in this process, for a keeper that cannot do both in one step. */
export async function rewrapHere(
  { wrap, unwrap }: Pick<KeyWrapper, 'wrap' | 'unwrap'>,
  key: Wrapped,
  binding: string,
): Promise<Wrapped> {
  const bytes = await unwrap(key, binding);
  try {
    return await wrap(bytes, binding);
  } finally {
    bytes.fill(0);
  }
}
