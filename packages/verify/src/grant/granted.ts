import type { GrantInfo } from './info.ts';
import { type GrantProblem, problemOf } from './problem.ts';
import { PROOF_HEADER } from './proof.ts';
import { GrantRefused } from './refused.ts';
import { GRANT_HEADER, type GrantVerifier } from './verify-grant.ts';

/** A call that may be carried out. */
export interface Granted {
  /** Who acted for whom, and who approved. */
  readonly grant: GrantInfo;
  /** The arguments that the grant covers: use these, and nothing else of the request. */
  readonly args: Readonly<Record<string, unknown>>;
}

/** What a route does, in the words of the tool's contract. */
export interface GrantedTool {
  readonly tool: string;
  /** Refuses a grant for another version of the tool. */
  readonly tool_version?: string;
}

/** What every adapter knows of a request. */
export interface Received {
  readonly method: string;
  /** With its query or without. */
  readonly path: string;
  readonly header: (name: string) => string | readonly string[] | null | undefined;
}

/** Verifies the grant of a request for these arguments, and uses it up. Throws as {@link GrantVerifier.verify} does. */
async function verifyRequest(
  verifier: GrantVerifier,
  { tool, tool_version }: GrantedTool,
  received: Received,
  args: unknown,
): Promise<Granted> {
  assertRecord(args);
  const { method, path, header } = received;
  const grant = await verifier.verify(single(header(GRANT_HEADER.toLowerCase())), {
    tool,
    ...(tool_version === undefined ? {} : { tool_version }),
    args,
    request: { method, path, proof: single(header(PROOF_HEADER.toLowerCase())) },
  });
  return { grant, args };
}

/**
 * The arguments of a call whose parts come from different places, such as the path and the body. Throws `mismatch` where
 * two parts have a member of one name: the grant would cover one of them and the handler might use the other.
 */
export function joinArguments(...parts: readonly unknown[]): Record<string, unknown> {
  const joined: Record<string, unknown> = Object.create(null);
  for (const part of parts) {
    if (part === undefined || part === null) continue;
    assertRecord(part);
    for (const [name, value] of Object.entries(part)) {
      if (Object.hasOwn(joined, name)) throw new GrantRefused('mismatch', 'An argument stands in two places.');
      joined[name] = value;
    }
  }
  return joined;
}

/** A header that may stand there once. */
function single(value: string | readonly string[] | null | undefined): string | null {
  if (value === undefined || value === null || typeof value === 'string') return value ?? null;
  if (value.length > 1) throw new GrantRefused('malformed', 'A header stands there twice.');
  return value[0] ?? null;
}

function assertRecord(value: unknown): asserts value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new GrantRefused('mismatch', 'The arguments are not an object.');
}

const grantedByRequest = new WeakMap<object, Granted>();

/**
 * For adapters: verifies the grant of a request and remembers what was granted for `key`. Gives the answer to a call that
 * must not be carried out, and `null` for one that may; throws what is not ours to answer.
 */
export async function admit(
  key: object,
  verifier: GrantVerifier,
  tool: GrantedTool,
  received: Received,
  args: () => unknown,
): Promise<GrantProblem | null> {
  try {
    grantedByRequest.set(key, await verifyRequest(verifier, tool, received, await args()));
    return null;
  } catch (error) {
    const problem = problemOf(error);
    if (problem) return problem;
    throw error;
  }
}

/** What is used of a request of a framework on Node that has parsed path and body. */
export interface NodeRequest {
  readonly method: string;
  readonly originalUrl: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly params: unknown;
  readonly body?: unknown;
}

/** {@link admit} for such a request; without `args` the arguments are those of path and body together. */
export function admitNode(
  request: NodeRequest,
  verifier: GrantVerifier,
  options: GrantedTool & { readonly args?: (request: NodeRequest) => unknown },
): Promise<GrantProblem | null> {
  const { method, originalUrl: path, headers, params, body } = request;
  return admit(request, verifier, options, { method, path, header: (name) => headers[name] }, () =>
    options.args ? options.args(request) : joinArguments(params, body),
  );
}

/** The type of an answer that is a problem. */
export const PROBLEM_TYPE = 'application/problem+json';

/** What was granted for this request. Throws where its route has no verification before it: never a way around. */
export function grantOf(request: object): Granted {
  const granted = grantedByRequest.get(request);
  if (!granted) throw new TypeError('no grant was verified before this handler');
  return granted;
}
