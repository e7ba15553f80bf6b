import { z } from 'zod';

export const awsRegionSchema = z.string().regex(/^[a-z]{2}(-[a-z]+)+-[0-9]{1,2}$/, 'such as eu-central-1');

/** How this process is known to AWS, or to what speaks its signatures. The files hold what proves it. */
export const awsAuthSchema = z.discriminatedUnion('method', [
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
