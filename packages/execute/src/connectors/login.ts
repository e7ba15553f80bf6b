import { z } from 'zod';
import { NotSendable } from './ending.ts';

const loginSchema = z.object({
  username: z
    .string()
    .min(1)
    .max(256)
    .regex(/^[^\p{Cc}]+$/u),
  password: z.string().min(1).max(1024),
});
export type Login = z.infer<typeof loginSchema>;

/** A credential of the form `{"username": …, "password": …}`, as secret stores mint it. Throws {@link NotSendable}. */
export function loginOf(credential: string): Login {
  try {
    return loginSchema.parse(JSON.parse(credential));
  } catch {
    throw new NotSendable('the credential is not {"username": …, "password": …}');
  }
}
