import { z } from 'zod';

export const vaultPathSchema = z
  .string()
  .regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/, 'a path without leading or trailing slash');

/** Where a HashiCorp Vault or OpenBao is, and how this process is known to it. The files hold what proves it. */
export const vaultPlace = {
  address: z.url({ protocol: /^https?$/ }),
  /** Whether it may have a private address. */
  private: z.boolean().default(false),
  namespace: z.string().min(1).max(200).optional(),
  auth: z.discriminatedUnion('method', [
    z.strictObject({
      method: z.literal('approle'),
      mount: vaultPathSchema.optional(),
      role_id: z.string().min(1).max(200),
      secret_id_file: z.string().min(1),
    }),
    z.strictObject({
      method: z.literal('jwt'),
      mount: vaultPathSchema.optional(),
      role: z.string().min(1).max(200),
      jwt_file: z.string().min(1),
    }),
  ]),
};
