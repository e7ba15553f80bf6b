import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Clock } from '@portreeve/contract';
import type { VaultEngine } from '@portreeve/execute/testing';

/**
 * The transit engine as the HTTP API of HashiCorp Vault documents it (read key, encrypt, decrypt, rewrap, rotate,
 * configure), with keys that really encrypt. It stands in for the real one, which cannot be installed here: its shapes are
 * those of the API documentation.
 */
export function transitEngine(clock: Clock, name = 'portreeve') {
  const state = {
    type: 'aes256-gcm96',
    derived: false,
    min_decryption_version: 1,
    /** Answers that are refused as too many. */
    throttled: 0,
    forbidden: [] as string[],
    silent: false,
    asked: [] as string[],
  };
  const versions: { readonly key: Buffer; readonly made: number }[] = [];
  const rotate = () => versions.push({ key: randomBytes(32), made: Math.floor(clock.now().getTime() / 1000) });
  rotate();

  const encrypt = (plaintext: Buffer) => {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', versions.at(-1)!.key, nonce);
    const bytes = Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    return `vault:v${versions.length}:${bytes.toString('base64')}`;
  };
  const decrypt = (ciphertext: string): Buffer | string => {
    const match = /^vault:v([0-9]+):(.+)$/.exec(ciphertext);
    const version = Number(match?.[1]);
    if (!match) return 'invalid ciphertext: no prefix';
    if (version < state.min_decryption_version)
      return 'ciphertext or signature version is disallowed by policy (too old)';
    const key = versions[version - 1]?.key;
    if (!key) return 'invalid ciphertext: version is too new';
    const bytes = Buffer.from(match[2]!, 'base64');
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12));
      decipher.setAuthTag(bytes.subarray(-16));
      return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]);
    } catch {
      return 'cipher: message authentication failed';
    }
  };
  const described = () => ({
    type: state.type,
    deletion_allowed: false,
    derived: state.derived,
    exportable: false,
    allow_plaintext_backup: false,
    keys: Object.fromEntries(versions.map(({ made }, i) => [String(i + 1), made])),
    latest_version: versions.length,
    min_available_version: 0,
    min_decryption_version: state.min_decryption_version,
    min_encryption_version: 0,
    name,
    supports_encryption: true,
    supports_decryption: true,
    supports_derivation: true,
    supports_signing: false,
  });

  const engine: VaultEngine = (method, path, body) => {
    const [, action = '', key, more] = /^\/v1\/transit\/([a-z]+)\/([^/]+)(?:\/([a-z]+))?$/.exec(path) ?? [];
    if (action === '') return null;
    state.asked.push(more ?? action);
    if (state.throttled > 0) {
      state.throttled--;
      return { status: 429, errors: ['request path "transit": rate limit quota exceeded'] };
    }
    if (state.forbidden.includes(more ?? action)) return { status: 403, errors: ['permission denied'] };
    if (key !== name)
      return action === 'keys' ? { status: 404, errors: [] } : { status: 400, errors: ['encryption key not found'] };
    if (action === 'keys' && method === 'GET') return { status: 200, data: described() };
    if (more === 'rotate') {
      rotate();
      return { status: 200, data: described() };
    }
    if (more === 'config') {
      state.min_decryption_version = Number(body.min_decryption_version);
      return { status: 200, data: described() };
    }
    if (action === 'encrypt')
      return {
        status: 200,
        data: { ciphertext: encrypt(Buffer.from(String(body.plaintext), 'base64')), key_version: versions.length },
      };
    const opened = decrypt(String(body.ciphertext));
    if (typeof opened === 'string') return { status: 400, errors: [opened] };
    return action === 'rewrap'
      ? { status: 200, data: { ciphertext: encrypt(opened), key_version: versions.length } }
      : { status: 200, data: { plaintext: opened.toString('base64') } };
  };
  return { engine, state, rotate };
}
