import { generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import type { Clock } from '@portreeve/contract';
import { type JWK, type JWTPayload, SignJWT } from 'jose';
import type { Fetch } from '../bounded-fetch.ts';

export interface FakeIssuer {
  readonly issuer: string;
  readonly jwks_uri: string;
  /** The published keys: change them as a test needs. */
  readonly keys: (JWK & { kid: string })[];
  /** Every address that was asked for. */
  readonly requests: string[];
  /** Answers by path before the usual ones. */
  readonly answers: Map<string, (url: URL, init?: RequestInit) => Response | Promise<Response>>;
  readonly fetch: Fetch;
  /** Publishes a new ES256 key and gives the private half. */
  addKey(kid: string): KeyObject;
  /** A token of this issuer, good for five minutes unless `claims` say otherwise. */
  sign(claims: JWTPayload, options?: { kid?: string; header?: object; key?: KeyObject }): Promise<string>;
}

/** An OpenID issuer without a network: its `fetch` answers for its metadata and its keys, and for nothing else. */
export function fakeIssuer(clock: Clock, issuer = 'https://issuer.example'): FakeIssuer {
  const keys: (JWK & { kid: string })[] = [];
  const privateKeysByKid = new Map<string, KeyObject>();
  const requests: string[] = [];
  const answers: FakeIssuer['answers'] = new Map();
  const jwks_uri = `${issuer}/jwks`;

  const addKey = (kid: string): KeyObject => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    keys.push({ ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'ES256' } as JWK & { kid: string });
    privateKeysByKid.set(kid, privateKey);
    return privateKey;
  };
  addKey('first');

  return {
    issuer,
    jwks_uri,
    keys,
    requests,
    answers,
    addKey,
    fetch: async (input, init) => {
      const url = new URL(String(input));
      requests.push(url.href);
      const special = answers.get(url.pathname);
      if (special) return special(url, init);
      if (url.href === `${issuer}/.well-known/openid-configuration`)
        return Response.json({
          issuer,
          jwks_uri,
          authorization_endpoint: `${issuer}/authorize`,
          token_endpoint: `${issuer}/token`,
          response_types_supported: ['code'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['ES256'],
          authorization_response_iss_parameter_supported: true,
        });
      if (url.href === jwks_uri) return Response.json({ keys });
      return new Response('not found', { status: 404 });
    },
    async sign(claims, { kid = 'first', header = {}, key } = {}) {
      const iat = Math.floor(clock.now().getTime() / 1000);
      return new SignJWT({ iss: issuer, iat, exp: iat + 300, jti: randomUUID(), ...claims })
        .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid, ...header })
        .sign(key ?? privateKeysByKid.get(kid)!);
    },
  };
}
