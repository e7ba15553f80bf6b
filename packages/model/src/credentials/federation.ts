import type { AnthropicFederation, EntraFederation, GoogleFederation, JwtBearer } from '@portreeve/contract';
import { cachedToken, type TokenSource } from '../endpoint/token.ts';
import { askToken, type TokenServer } from './ask-token.ts';
import { identityToken } from './identity-token.ts';

/** The grant of RFC 7523, section 2.1. */
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
/** The client assertion of RFC 7523, section 2.2. */
const CLIENT_ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
/** The grant of RFC 8693. */
const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const GOOGLE_SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

export const GOOGLE_TOKEN_URL = 'https://sts.googleapis.com/v1/token';
export const GOOGLE_IMPERSONATION_URL = 'https://iamcredentials.googleapis.com/v1';
export const ENTRA_AUTHORITY = 'https://login.microsoftonline.com';

/** Tokens of Anthropic, by a federation rule; `base` is the address of its API. */
export function anthropicFederation(server: TokenServer, config: AnthropicFederation, base: string): TokenSource {
  const { rule, organization, service_account, workspace, token_file } = config;
  return cachedToken(
    async () =>
      askToken(server, {
        what: 'Anthropic',
        url: `${base.replace(/\/+$/, '')}/v1/oauth/token`,
        headers: { 'anthropic-beta': 'oauth-2025-04-20,oidc-federation-2026-04-01' },
        body: {
          grant_type: JWT_BEARER,
          assertion: await identityToken(token_file),
          federation_rule_id: rule,
          organization_id: organization,
          ...(service_account === undefined ? {} : { service_account_id: service_account }),
          ...(workspace === undefined ? {} : { workspace_id: workspace }),
        },
      }),
    server.clock,
  );
}

/** Tokens of Google Cloud, of the federated identity or of the service account that it may act as. */
export function googleFederation(server: TokenServer, config: GoogleFederation): TokenSource {
  const { audience, service_account, token_file } = config;
  const { token_url = GOOGLE_TOKEN_URL, impersonation_url = GOOGLE_IMPERSONATION_URL } = config;
  return cachedToken(async () => {
    const federated = await askToken(server, {
      what: 'Google STS',
      url: token_url,
      body: new URLSearchParams({
        grant_type: TOKEN_EXCHANGE,
        audience,
        scope: GOOGLE_SCOPE,
        requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        subject_token: await identityToken(token_file),
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      }),
    });
    if (service_account === undefined) return federated;
    return askToken(server, {
      what: 'Google IAM',
      url: `${impersonation_url}/projects/-/serviceAccounts/${service_account}:generateAccessToken`,
      headers: { authorization: `Bearer ${federated.token}` },
      body: { scope: [GOOGLE_SCOPE], lifetime: '3600s' },
    });
  }, server.clock);
}

/** Tokens of Microsoft Entra, for the application that trusts the platform's issuer. */
export function entraFederation(server: TokenServer, config: EntraFederation): TokenSource {
  const { tenant, client_id, scope, token_file, authority = ENTRA_AUTHORITY } = config;
  return cachedToken(
    async () =>
      askToken(server, {
        what: 'Microsoft Entra',
        url: `${authority.replace(/\/+$/, '')}/${tenant}/oauth2/v2.0/token`,
        body: new URLSearchParams({
          ...{ grant_type: 'client_credentials', client_id, scope },
          client_assertion_type: CLIENT_ASSERTION,
          client_assertion: await identityToken(token_file),
        }),
      }),
    server.clock,
  );
}

/** Tokens of any authorisation server that takes the platform's. */
export function jwtBearer(server: TokenServer, config: JwtBearer): TokenSource {
  const { token_url, scope, audience, token_file } = config;
  return cachedToken(
    async () =>
      askToken(server, {
        what: new URL(token_url).hostname,
        url: token_url,
        body: new URLSearchParams({
          grant_type: JWT_BEARER,
          assertion: await identityToken(token_file),
          ...(scope === undefined ? {} : { scope }),
          ...(audience === undefined ? {} : { audience }),
        }),
      }),
    server.clock,
  );
}
