import {
  createGrantVerifier,
  GRANT_HEADER,
  type GrantInfo,
  GrantRefused,
  PROOF_HEADER,
  type ReplayStore,
} from '@portreeve/verify';
import type { Call } from './app.ts';
import type { Journal } from './journal.ts';

/** A used grant, as a line of a journal. */
export interface GrantUsed {
  readonly type: 'grant_used';
  readonly at: string;
  readonly jti: string;
  readonly expires_at: string;
}

/** Remembers used grants in a journal, so that a restart forgets none. */
export function rememberGrants<Line>(
  journal: Journal<Line | GrantUsed>,
  lines: readonly (Line | GrantUsed)[],
): ReplayStore {
  const used = new Set(lines.flatMap((line) => (isUse(line) ? [line.jti] : [])));
  return {
    async use(jti, expiresAt) {
      if (used.has(jti)) return false;
      used.add(jti);
      await journal.append({
        type: 'grant_used',
        at: new Date().toISOString(),
        jti,
        expires_at: expiresAt.toISOString(),
      });
      return true;
    },
  };
}

function isUse(line: unknown): line is GrantUsed {
  return (line as Partial<GrantUsed>).type === 'grant_used';
}

/** Verifies the grant of a call for a tool, over the arguments as they were received. Gives who acted, and who agreed. */
export interface GrantGate {
  /** Refuses a call without a grant before anything else of it is read. */
  needed(call: Call): string;
  verify(call: Call, tool: string, args: object): Promise<GrantInfo>;
}

export function grantGate(options: {
  readonly jwks: URL;
  readonly issuer: string;
  readonly audience: string;
  /** Where Portreeve calls this system, which may be known only once it listens. */
  readonly origin: () => string;
  readonly replay: ReplayStore;
}): GrantGate {
  const verifier = createGrantVerifier(options);
  const needed = (call: Call): string => {
    const token = call.header(GRANT_HEADER);
    if (token === null) throw new GrantRefused('missing', `There is no ${GRANT_HEADER} header.`);
    return token;
  };
  return {
    needed,
    async verify(call, tool, args) {
      const { method = '', url: path = '' } = call.request;
      const request = { method, path, proof: call.header(PROOF_HEADER) };
      return verifier.verify(needed(call), { tool, args, request });
    },
  };
}
