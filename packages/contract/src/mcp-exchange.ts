import { z } from 'zod';
import { nameSchema } from './ids.ts';

/**
 * How an upstream's authorization server gives a token for each person (RFC 8693): for a statement of ours of who it is,
 * which never leaves for the upstream itself. At least one of `audience` and `resource` says for what the token is good.
 */
export const tokenExchangeSchema = z
  .strictObject({
    /** `system://NAME/PATH`, or an address. */
    token_endpoint: z.string().min(1).max(2048),
    audience: z.string().min(1).max(1024).optional(),
    resource: z
      .url({ protocol: /^https?$/ })
      .max(1024)
      .optional(),
    /** Scopes, with spaces between them (RFC 6749, 3.3). */
    scope: z
      .string()
      .regex(/^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/)
      .max(1000)
      .optional(),
    /** Portreeve as the authorization server knows it, by `client_secret_basic`; the second is the name of a secret. */
    client_id: z.string().min(1).max(256),
    client_secret: nameSchema,
  })
  .refine(({ audience, resource }) => audience !== undefined || resource !== undefined, {
    message: 'say for what the token is good: `audience` or `resource`',
  });
export type TokenExchange = z.infer<typeof tokenExchangeSchema>;
