import { z } from 'zod';
import { awsPlace } from './aws-config.ts';
import { vaultPathSchema, vaultPlace } from './vault-config.ts';

/** Who keeps a root key. */
const keeperSchema = z.discriminatedUnion('kind', [
  /** A file of mode 0600: in the state folder, or where `path` says, relative to the project. */
  z.strictObject({ kind: z.literal('file'), path: z.string().min(1).optional() }),
  /** The transit engine of HashiCorp Vault or OpenBao. The key is there already, and used for nothing else. */
  z.strictObject({
    kind: z.literal('vault'),
    ...vaultPlace,
    mount: vaultPathSchema.max(100).default('transit'),
    key: z.string().regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$/, 'the name of a transit key'),
  }),
  /** A symmetric key of AWS KMS, by id, ARN or alias. */
  z.strictObject({
    kind: z.literal('aws-kms'),
    ...awsPlace,
    key_id: z.string().regex(/^(?:alias\/|arn:)?[A-Za-z0-9:/_-]{1,240}$/, 'a key id, a key ARN, or alias/NAME'),
  }),
]);
export type RootKeeperConfig = z.infer<typeof keeperSchema>;

/** Who keeps the root key that wraps the keys of data subjects. */
export const rootKeysConfigSchema = z
  .strictObject({
    keeper: keeperSchema.prefault({ kind: 'file' }),
    /** Who kept it before: asked to open what they wrapped, until the new keeper has wrapped it all anew. */
    earlier: z.array(keeperSchema).max(4).default([]),
  })
  .superRefine(({ keeper, earlier }, context) => {
    const names = [keeper, ...earlier].map(keeperName);
    if (new Set(names).size < names.length)
      context.addIssue({ code: 'custom', path: ['earlier'], message: 'each is another keeper, or another key' });
  });
export type RootKeysConfig = z.infer<typeof rootKeysConfigSchema>;

/** What tells keepers apart: what they wrap names them so. Two files cannot stand side by side. */
function keeperName(keeper: RootKeeperConfig): string {
  switch (keeper.kind) {
    case 'file':
      return 'file';
    case 'vault':
      return `vault ${keeper.mount}/${keeper.key}`;
    case 'aws-kms':
      return `aws-kms ${keeper.region} ${keeper.key_id}`;
  }
}
