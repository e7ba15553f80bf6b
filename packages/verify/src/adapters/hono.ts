import { admit, type GrantedTool, joinArguments, PROBLEM_TYPE } from '../grant/granted.ts';
import { parseBody } from '../grant/parse-body.ts';
import type { GrantVerifier } from '../grant/verify-grant.ts';

export { grantOf } from '../grant/granted.ts';

/** What is used of a context of Hono 4. */
export interface HonoContext {
  readonly req: {
    readonly method: string;
    readonly url: string;
    header(name: string): string | undefined;
    param(): unknown;
    text(): Promise<string>;
  };
  body(text: string, status: never, headers: Record<string, string>): Response;
}

export interface HonoOptions<C> extends GrantedTool {
  /** The arguments of a call. Without it they are the parameters of the path and the members of the body. */
  readonly args?: (context: C, body: unknown) => unknown;
}

/**
 * Hono: `app.post('/cases/:case_id', bodyLimit({ maxSize }), requireGrant(verifier, { tool }), handler)`. The handler gets
 * what was granted by `grantOf(context)`.
 */
export function requireGrant<C extends HonoContext = HonoContext>(verifier: GrantVerifier, options: HonoOptions<C>) {
  const { args = (context: C, body: unknown) => joinArguments(context.req.param(), body) } = options;
  // biome-ignore lint/suspicious/noConfusingVoidType: the form that Hono gives its middleware
  return async (context: C, next: () => Promise<void>): Promise<Response | void> => {
    const { req } = context;
    const received = {
      method: req.method,
      path: new URL(req.url).pathname,
      header: (name: string) => req.header(name),
    };
    const problem = await admit(context, verifier, options, received, async () =>
      args(context, parseBody(await req.text())),
    );
    if (problem)
      return context.body(JSON.stringify(problem), problem.status as never, { 'content-type': PROBLEM_TYPE });
    await next();
  };
}
