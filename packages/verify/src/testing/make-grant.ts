import { createHash, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { digestOf, GRANT_DETAIL_TYPE, GRANT_TYPE, PROOF_TYPE } from '@portreeve/contract';
import { calculateJwkThumbprint, SignJWT } from 'jose';

export const ISSUER = 'https://portreeve.test';
export const AUDIENCE = 'case-system';
export const ORIGIN = 'https://cases.test';
export const ARGS = {
  case_id: 'case-7',
  summary: { title: 'Z\u00fcrich', statements: [{ text: 'x', evidence: ['ev_1'] }] },
};
export const TOOL = 'publish_case_summary';

const issuer = generateKeyPairSync('ed25519');
const executor = generateKeyPairSync('ed25519');
export const executorKey = await calculateJwkThumbprint(executor.publicKey.export({ format: 'jwk' }) as never);
export const issuerKey = issuer.privateKey;
export const jwks = {
  keys: [{ ...issuer.publicKey.export({ format: 'jwk' }), kid: 'grant-1', alg: 'EdDSA', use: 'sig' } as never],
};

/** The claims of a grant as Portreeve makes them, issued at `now`. */
export function claims(now: Date, change: object = {}) {
  const issued = Math.floor(now.getTime() / 1000);
  return {
    iss: ISSUER,
    aud: AUDIENCE,
    iat: issued,
    nbf: issued,
    exp: issued + 120,
    jti: 'grt_1',
    txn: 'run_1',
    sub: 'prn_ana',
    act: { sub: 'agent:incident-summary' },
    scope: TOOL,
    req_wl: 'portreeve-executor',
    cnf: { jkt: executorKey },
    authorization_details: [
      { type: GRANT_DETAIL_TYPE, actions: [TOOL], tool_version: '1.0.0', args_digest: digestOf(ARGS), max_uses: 1 },
    ],
    tctx: {
      proposal: 'prop_1',
      proposal_digest: digestOf('proposal'),
      workflow: 'incident-summary',
      release: digestOf('release'),
      policy_version: digestOf('policy'),
      decision: 'dec_1',
      approvals: ['appr_1'],
      approvers: ['prn_ben'],
      environment: 'test',
    },
    ...change,
  };
}

export function sign(payload: object, header: object = {}, key: KeyObject = issuer.privateKey): Promise<string> {
  return new SignJWT({ ...payload })
    .setProtectedHeader({ alg: 'EdDSA', typ: GRANT_TYPE, kid: 'grant-1', ...header })
    .sign(key);
}

/** The proof that the executor makes for one request with a grant, with changes to claims, header and key. */
export function prove(
  token: string,
  now: Date,
  request: { method: string; url: string },
  change: { claims?: object; header?: object; key?: KeyObject } = {},
): Promise<string> {
  return new SignJWT({
    jti: randomUUID(),
    htm: request.method,
    htu: request.url,
    iat: Math.floor(now.getTime() / 1000),
    ath: createHash('sha256').update(token).digest('base64url'),
    ...change.claims,
  })
    .setProtectedHeader({
      alg: 'EdDSA',
      typ: PROOF_TYPE,
      jwk: executor.publicKey.export({ format: 'jwk' }) as never,
      ...change.header,
    })
    .sign(change.key ?? executor.privateKey);
}
