import { admitNode, type GrantedTool, type NodeRequest, PROBLEM_TYPE } from '../grant/granted.ts';
import type { GrantVerifier } from '../grant/verify-grant.ts';

export { grantOf } from '../grant/granted.ts';

/** What is used of an answer of Express 4 or 5. */
export interface ExpressResponse {
  status(code: number): ExpressResponse;
  type(type: string): ExpressResponse;
  // biome-ignore lint/suspicious/noExplicitAny: Express infers from here what later handlers may send
  send(body: any): unknown;
}

export interface ExpressOptions extends GrantedTool {
  /** The arguments of a call. Without it they are the parameters of the path and the members of the body. */
  readonly args?: (request: NodeRequest) => unknown;
}

/**
 * Express: `app.post('/cases/:case_id', express.json(), requireGrant(verifier, { tool }), handler)`. The handler gets
 * what was granted by `grantOf(request)`. Put the body's parser, with its limit, before it.
 */
export function requireGrant(verifier: GrantVerifier, options: ExpressOptions) {
  return async (request: NodeRequest, response: ExpressResponse, next: (error?: unknown) => void): Promise<void> => {
    try {
      const problem = await admitNode(request, verifier, options);
      if (problem) response.status(problem.status).type(PROBLEM_TYPE).send(JSON.stringify(problem));
      else next();
    } catch (error) {
      next(error);
    }
  };
}
