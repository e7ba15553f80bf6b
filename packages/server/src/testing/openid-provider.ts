import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';

export const CLIENT = { id: 'portreeve', secret: 'a secret of the client' } as const;

export interface OpenIdProvider {
  readonly issuer: string;
  /** What the claim `groups` of a person is; whoever is not in it has none. */
  readonly groupsByPerson: Map<string, unknown>;
  /**
   * A browser as far as a sign-in needs one: it keeps the provider's cookies, signs in there as the person, and follows
   * redirects until they leave the provider. Gives the address that it was sent to.
   */
  browse(url: string, person: string): Promise<string>;
  close(): Promise<void>;
}

/** A real OpenID provider (oidc-provider) on the loopback, with one confidential client. */
export async function startOpenIdProvider(redirectUri: string): Promise<OpenIdProvider> {
  const groupsByPerson = new Map<string, unknown>();
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        token_endpoint_auth_method: 'client_secret_post',
        redirect_uris: [redirectUri],
      },
    ],
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'rsa', alg: 'RS256', use: 'sig' }] } as never,
    cookies: { keys: ['a key for the cookies of a test'] },
    claims: { openid: ['sub', 'groups', 'preferred_username'] },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
    findAccount: async (_context, id) => ({
      accountId: id,
      claims: async () => ({ sub: id, preferred_username: id, groups: groupsByPerson.get(id) }) as never,
    }),
    // Our own client: nobody is asked for consent.
    async loadExistingGrant(context) {
      const grant = new context.oidc.provider.Grant({
        clientId: context.oidc.client!.clientId,
        accountId: context.oidc.session!.accountId!,
      });
      grant.addOIDCScope('openid profile');
      await grant.save();
      return grant;
    },
  });
  const callback = provider.callback();
  server.on('request', (request, response) => {
    const match = /^\/interaction\/[\w-]+\?person=(\w+)$/.exec(request.url ?? '');
    if (!match) {
      callback(request, response);
      return;
    }
    const result = match[1] === 'nobody' ? { error: 'access_denied' } : { login: { accountId: match[1]! } };
    provider
      .interactionFinished(request, response, result, { mergeWithLastSubmission: false })
      .catch((error: unknown) => response.writeHead(500).end(String(error)));
  });

  return {
    issuer,
    groupsByPerson,
    async browse(url, person) {
      const cookies = new Map<string, string>();
      let at = url;
      for (let i = 0; i < 10; i++) {
        if (at.startsWith(redirectUri)) return at;
        if (new URL(at).pathname.startsWith('/interaction/')) at += `?person=${person}`;
        const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
        const response = await fetch(at, { redirect: 'manual', headers: { cookie } });
        for (const line of response.headers.getSetCookie()) {
          const [pair = ''] = line.split(';');
          cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
        }
        const location = response.headers.get('location');
        if (!location) throw new Error(`${at} answered ${response.status}: ${await response.text()}`);
        at = new URL(location, at).href;
      }
      throw new Error('too many redirects');
    },
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
