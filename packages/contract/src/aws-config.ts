import { z } from 'zod';

const url = z.url({ protocol: /^https?$/ });

/** How this process is known to AWS, or to what speaks its signatures. The files hold what proves it. */
const awsAuthSchema = z.discriminatedUnion('method', [
  z.strictObject({
    method: z.literal('web-identity'),
    role_arn: z.string().startsWith('arn:'),
    token_file: z.string().min(1),
  }),
  z.strictObject({
    method: z.literal('keys'),
    access_key_id: z.string().regex(/^[A-Z0-9]{16,128}$/),
    secret_access_key_file: z.string().min(1),
  }),
]);

/** Where a service of AWS is, or what speaks as it does. */
export const awsPlace = {
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-[0-9]{1,2}$/, 'such as eu-central-1'),
  auth: awsAuthSchema,
  /** Endpoints in place of the region's, such as those of a private network. */
  endpoint: url.optional(),
  sts_endpoint: url.optional(),
  /** Whether they may have a private address. */
  private: z.boolean().default(false),
};
