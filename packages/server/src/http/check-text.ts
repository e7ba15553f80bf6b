import { assertJson, PortreeveError } from '@portreeve/contract';
import type { FastifyRequest } from 'fastify';

/**
 * Refuses text that no record and no database can keep faithfully, before anything else looks at it: lone surrogates and
 * values that are too deep in a body, zero bytes in a query. Throws `bad_request`.
 */
export function checkText(request: FastifyRequest): void {
  for (const [name, value] of Object.entries(request.query as Record<string, unknown>)) {
    if (String(value).includes('\u0000'))
      throw new PortreeveError('bad_request', 'The query holds a zero byte.', {
        errors: [{ path: name, message: 'holds a zero byte' }],
      });
  }
  // A route without a body schema ignores what was sent.
  if (request.body === undefined) return;
  try {
    assertJson(request.body);
  } catch (error) {
    throw new PortreeveError('bad_request', `The body cannot be kept as it is: ${(error as Error).message}.`);
  }
}
