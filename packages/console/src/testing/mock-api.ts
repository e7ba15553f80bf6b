import type { Api, Problem } from '@portreeve/sdk/client';
import { type ListedOperation, listedOperations, rightsByRole } from './rights.ts';

/** One call that came, as it was understood. */
export interface MockCall<K extends keyof Api = keyof Api> {
  readonly operation: K;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export type MockAnswers = { readonly [K in keyof Api]?: (call: MockCall<K>) => Api[K]['answer'] };

export interface MockApi {
  /** Answers one request of the API as the server would for this person. */
  fetch(request: Request): Promise<Response>;
  /** What was answered. */
  readonly calls: readonly MockCall[];
  /** What was refused, by the right that lacked: a page that asks for what its reader may not have is wrong. */
  readonly refused: readonly string[];
  /** What the test gave no answer for. */
  readonly unanswered: readonly string[];
}

const AT = '2026-11-21T09:00:00.000Z';
const STATUS = { not_signed_in: 401, refused: 403, not_found: 404, internal: 500 } as const;

/**
 * The API for component work, without a server: every operation of it, judged by role with the baseline policy's matrix. A
 * call that the role has no right to gets the 403 that the server gives, whatever answer the test has for it; the answers
 * are typed by the generated client. What no test can have forgotten: an operation without an answer is a 500 and is named.
 */
export function mockApi(options: {
  /** Null: nobody has signed in. */
  readonly roles: readonly string[] | null;
  readonly groups?: readonly string[];
  readonly answers?: MockAnswers;
}): MockApi {
  const { roles, groups = [], answers = {} } = options;
  const operations = listedOperations();
  const rights = rightsByRole();
  for (const role of roles ?? []) if (!rights.has(role)) throw new TypeError(`the matrix has no role ${role}`);
  const may = [...new Set((roles ?? []).flatMap((role) => [...(rights.get(role) ?? [])]))].sort();
  const calls: MockCall[] = [];
  const refused: string[] = [];
  const unanswered: string[] = [];
  const own: MockAnswers = {
    'GET /v1/session': () => ({
      principal: { ...PERSON, roles: [...(roles ?? [])], groups: [...groups] } as never,
      ...{ via: 'session', may, session: 'ses_mock', proven_at: AT, expires_at: '2027-01-01T00:00:00.000Z' },
    }),
  };

  function judge(operation: ListedOperation | undefined, path: string): Response | null {
    if (!operation) return problem('not_found', `There is no ${path}.`);
    if (operation.right === null) return null;
    if (roles === null) return problem('not_signed_in', 'Nobody is signed in.');
    if (may.includes(operation.right)) return null;
    refused.push(operation.right);
    return problem('refused', `Policy does not let you do this: ${operation.right}.`);
  }

  return {
    calls,
    refused,
    unanswered,
    async fetch(request) {
      const { pathname, searchParams } = new URL(request.url);
      const operation = operations.find(({ matches }) => matches(request.method, pathname) !== null);
      const denial = judge(operation, pathname);
      if (denial) return denial;
      const { key, matches } = operation!;
      const answer = (answers[key as keyof Api] ?? own[key as keyof Api]) as ((call: MockCall) => unknown) | undefined;
      if (!answer) {
        unanswered.push(key);
        return problem('internal', `The test has no answer for ${key}.`);
      }
      const text = await request.text();
      const call: MockCall = {
        operation: key as keyof Api,
        params: matches(request.method, pathname) ?? {},
        query: Object.fromEntries(searchParams),
        body: text === '' ? undefined : JSON.parse(text),
      };
      calls.push(call);
      return Response.json(answer(call), { status: request.method === 'POST' ? 201 : 200 });
    },
  };
}

const PERSON = { id: 'prn_00000000000000000000000000', kind: 'person', name: 'mock', act: [] };

function problem(code: keyof typeof STATUS, detail: string): Response {
  const status = STATUS[code];
  const body: Problem = { type: `urn:portreeve:problem:${code}`, title: code, status, detail, code, next: 'Ask.' };
  return Response.json(body, { status, headers: { 'content-type': 'application/problem+json' } });
}
