import { GrantKeysUnavailable, GrantRefused } from './refused.ts';

/** The answer to a call that is not carried out: a problem (RFC 9457) with a stable code. */
export interface GrantProblem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
}

/** The problem that a refusal is; `null` for any other error, which is not ours to answer. */
export function problemOf(error: unknown): GrantProblem | null {
  if (error instanceof GrantRefused) {
    const code = `grant_${error.code}`;
    return problem(error.status, code, 'The grant is refused', error.message);
  }
  if (error instanceof GrantKeysUnavailable)
    return problem(503, 'grant_keys_unavailable', 'Grants cannot be checked now', error.message);
  return null;
}

function problem(status: number, code: string, title: string, detail: string): GrantProblem {
  return { type: `urn:portreeve:problem:${code}`, title, status, detail, code };
}
