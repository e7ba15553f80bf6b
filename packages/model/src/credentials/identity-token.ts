import { readFile } from 'node:fs/promises';
import { ProviderError } from '../ports.ts';

/** The longest assertion that vendors take. */
const CHARS_MAX = 16 * 1024;
/** Three parts of base64url: a JWT in the compact form (RFC 7519). Its truth is the vendor's to judge. */
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/**
 * The token of the platform, read anew for each exchange: platforms renew it by writing the file again. Rejects with a
 * `credential` error that names the file and quotes nothing of it.
 */
export async function identityToken(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw missing(`${path} cannot be read`);
  });
  const token = text.trim();
  if (token.length > CHARS_MAX || !JWT.test(token)) throw missing(`${path} holds no JWT`);
  return token;
}

function missing(what: string): ProviderError {
  return new ProviderError('credential', `no identity token: ${what}`, { transient: true });
}
