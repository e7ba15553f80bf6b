import { z } from 'zod';
import type { EnvironmentName } from './environment-name.ts';

/** 32 bytes as base64url: the `x` of an Ed25519 JWK (RFC 8037), as `portreeve keys release` prints it. */
const publicKey = z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'use 32 bytes as base64url, 43 characters');

/** Which release of a workflow new runs take (requirement H1). */
export const releasesConfigSchema = z.strictObject({
  /**
   * `promoted`: the one that stands in production in the register, loaded from its signed bundle. `folder`: the one that the
   * project's files are. Left out: `promoted` in production, else `folder`.
   */
  active: z.enum(['folder', 'promoted']).optional(),
  /** Public keys whose signatures on releases and on reports about them count. A key stays here while its releases run. */
  keys: z.array(publicKey).max(16).default([]),
  /** Hours after its end in which a report on tests or on a red team counts as evidence. */
  evidence_hours_max: z.int().min(1).max(8760).default(168),
});
export type ReleasesConfig = z.infer<typeof releasesConfigSchema>;

export function activeReleases(config: {
  readonly environment: EnvironmentName;
  readonly releases: ReleasesConfig;
}): 'folder' | 'promoted' {
  return config.releases.active ?? (config.environment === 'production' ? 'promoted' : 'folder');
}
