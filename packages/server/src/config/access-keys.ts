import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, ENVIRONMENTS, type EnvironmentName, PortreeveError } from '@portreeve/contract';
import { ACCESS_TOKEN_TTL_MAX_S, type AccessTokenKey, accessKeyId } from '@portreeve/identity';
import { z } from 'zod';
import { publicText } from './keys.ts';
import { writeWhole } from './write-whole.ts';

const fileSchema = z.array(
  z.strictObject({
    kid: z.string(),
    environment: z.enum(ENVIRONMENTS),
    not_before: z.iso.datetime(),
    not_after: z.iso.datetime(),
    pem: z.string(),
  }),
);
type Kept = z.infer<typeof fileSchema>[number];

export interface CreatedKey {
  readonly purpose: string;
  readonly key_id: string;
  readonly public_key: string;
}

/** The keys that sign access tokens (requirements B4, B6), kept in the state folder in one file of mode 0600. */
export interface AccessKeyring {
  /** Those that sign, will sign, or have signed what may still be good. */
  keys(): readonly AccessTokenKey[];
  /**
   * Makes the next key when the newest has less than the overlap to go: it is published at once and signs when its
   * predecessor stops, so that verifiers know it in time. Forgets keys whose tokens have all expired. `record` is told of
   * a new key before it is kept; an error in it keeps everything as it was. Call it at the start and then often.
   */
  rotate(record: (created: CreatedKey) => Promise<void>): Promise<void>;
}

/** Reads the keyring, empty at first. Throws `misconfigured` where the file is not usable. */
export async function openAccessKeyring(options: {
  readonly stateFolder: string;
  readonly environment: EnvironmentName;
  readonly clock: Clock;
  readonly key_days: number;
  readonly key_overlap_hours: number;
}): Promise<AccessKeyring> {
  const { stateFolder, environment, clock, key_days, key_overlap_hours } = options;
  const folder = join(stateFolder, 'keys');
  const path = join(folder, 'access-tokens.json');
  let kept = await read(path);
  let usable = kept.map((each) => toKey(each, path));

  return {
    keys: () => usable,
    async rotate(record) {
      const now = clock.now().getTime();
      const alive = kept
        .map((key) => endedUnlessNamed(key, now))
        .filter((key) => now < Date.parse(key.not_after) + ACCESS_TOKEN_TTL_MAX_S * 1000);
      const until = Math.max(0, ...alive.map((key) => Date.parse(key.not_after)));
      let next = alive;
      if (until - now < key_overlap_hours * 3_600_000) {
        const { privateKey } = generateKeyPairSync('ed25519');
        const begins = Math.max(now, until);
        const made: Kept = {
          kid: accessKeyId(publicText(privateKey)),
          environment,
          not_before: new Date(begins).toISOString(),
          not_after: new Date(begins + key_days * 86_400_000).toISOString(),
          pem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
        };
        await record({ purpose: 'access-token', key_id: made.kid, public_key: publicText(privateKey) });
        next = [...alive, made];
      }
      if (next === alive && alive.length === kept.length) return;
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeWhole(path, JSON.stringify(next, null, 2));
      kept = next;
      usable = next.map((each) => toKey(each, path));
    },
  };
}

async function read(path: string): Promise<Kept[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return [];
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch {
    // The parser's error may quote a key.
    throw unusable(path);
  }
}

/**
 * A key that a version before made has an id that others cannot hold to it: it signs nothing more, and what it has signed stays
 * good here. So the next one is made at once.
 */
function endedUnlessNamed(key: Kept, now: number): Kept {
  const ours = key.kid === accessKeyId(publicText(createPrivateKey(key.pem)));
  return ours || Date.parse(key.not_after) <= now ? key : { ...key, not_after: new Date(now).toISOString() };
}

function toKey({ pem, ...key }: Kept, path: string): AccessTokenKey {
  try {
    return { ...key, key: createPrivateKey(pem) };
  } catch {
    throw unusable(path);
  }
}

function unusable(path: string): PortreeveError {
  return new PortreeveError('misconfigured', `${path} is not the list of keys that Portreeve wrote.`, {
    next: 'Restore the file from a backup, or move it away: access tokens live for minutes, and new ones get a new key.',
  });
}
