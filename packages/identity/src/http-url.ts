import { z } from 'zod';

const LOOPBACK = ['127.0.0.1', '[::1]', 'localhost'];

/** Https; plain http on the loopback alone. No user, password or fragment. */
export const httpsUrlSchema = z
  .string()
  .max(2048)
  .refine((text) => {
    const url = URL.canParse(text) ? new URL(text) : null;
    if (!url || url.username || url.password || url.hash) return false;
    return url.protocol === 'https:' || isLoopbackHttp(url);
  }, 'use an https address');

export function isLoopbackHttp(url: URL): boolean {
  return url.protocol === 'http:' && LOOPBACK.includes(url.hostname);
}
