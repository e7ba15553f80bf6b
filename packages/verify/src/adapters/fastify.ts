import { admitNode, type GrantedTool, type NodeRequest, PROBLEM_TYPE } from '../grant/granted.ts';
import type { GrantVerifier } from '../grant/verify-grant.ts';

export { grantOf } from '../grant/granted.ts';

/** What is used of an answer of Fastify 4 or 5. */
export interface FastifyReply {
  code(status: number): FastifyReply;
  type(type: string): FastifyReply;
  send(body: string): unknown;
}

export interface FastifyOptions extends GrantedTool {
  /** The arguments of a call. Without it they are the parameters of the path and the members of the body. */
  readonly args?: (request: NodeRequest) => unknown;
}

/**
 * Fastify: `app.post('/cases/:case_id', { preHandler: requireGrant(verifier, { tool }) }, handler)`. As a `preHandler` it
 * sees the body after its parser and its schema, as the handler does. The handler gets what was granted by
 * `grantOf(request)`.
 */
export function requireGrant(verifier: GrantVerifier, options: FastifyOptions) {
  return async (request: NodeRequest, reply: FastifyReply): Promise<unknown> => {
    const problem = await admitNode(request, verifier, options);
    if (!problem) return undefined;
    reply.code(problem.status).type(PROBLEM_TYPE).send(JSON.stringify(problem));
    return reply;
  };
}
