import { type FieldError, isPortreeveError, PortreeveError } from '@portreeve/contract';
import { z } from 'zod';
import type { GateResult } from '../result.ts';
import { labelledFrom, labelledMessage, labelledSchema } from './tree.ts';

/*
 * The gate's answer to a run in another process. It is the gate that writes it, so it is believed once it is known to be of
 * that form: a run trusts its gate.
 */

export type ResultMessage =
  | { readonly result: Exclude<GateResult, { status: 'succeeded' }> }
  | { readonly result: { readonly status: 'succeeded' }; readonly value: ReturnType<typeof labelledMessage> }
  | {
      readonly error: Pick<PortreeveError, 'code' | 'detail' | 'next'> & { readonly errors: readonly FieldError[] };
    };

const succeededSchema = z.looseObject({ status: z.literal('succeeded') });
const messageSchema = z.union([
  z.strictObject({ result: succeededSchema, value: labelledSchema }),
  z.strictObject({
    result: z.looseObject({
      status: z.enum(['waiting', 'running', 'settling', 'failed', 'unknown', 'refused', 'denied']),
    }),
  }),
  z.strictObject({
    error: z.strictObject({
      ...{ code: z.string(), detail: z.string(), next: z.string() },
      errors: z.array(z.strictObject({ path: z.string(), message: z.string() })),
    }),
  }),
]);

export function resultMessage(result: GateResult): ResultMessage {
  if (result.status !== 'succeeded') return { result };
  const { result: labelled, ...rest } = result;
  return { result: rest, value: labelledMessage(labelled) };
}

/** An error of ours as a message; null for any other, which is a fault of the gate and not for the run. */
export function errorMessage(error: unknown): ResultMessage | null {
  if (!isPortreeveError(error)) return null;
  const { code, detail, next, errors } = error;
  return { error: { code, detail, next, errors: errors.map(({ path, message }) => ({ path, message })) } };
}

/** What the gate answered. Throws the gate's error where it answered with one. */
export function resultFrom(message: unknown): GateResult {
  const parsed = messageSchema.parse(message);
  if ('error' in parsed) {
    const { code, detail, ...more } = parsed.error;
    throw new PortreeveError(code as PortreeveError['code'], detail, more);
  }
  if (!('value' in parsed)) return parsed.result as unknown as GateResult;
  return { ...parsed.result, result: labelledFrom(parsed.value) } as unknown as GateResult;
}
