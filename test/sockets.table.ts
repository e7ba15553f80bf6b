/**
 * Everything that can open a connection, and the files that may use it (requirement F13). `test/sockets.test.ts` reads
 * every source against it. Inside the server's process only the egress guard and the server's own database connect.
 */

export interface Opener {
  /** npm packages or `node:` modules; `*` at the end stands for the rest of the name. */
  readonly modules: readonly string[];
  /** What is taken from them without being able to connect. Types are never counted. */
  readonly harmless: readonly string[];
}

export const OPENERS: readonly Opener[] = [
  { modules: ['node:net'], harmless: ['isIP', 'isIPv4', 'isIPv6', 'createServer'] },
  { modules: ['node:http', 'node:https', 'node:http2'], harmless: ['createServer', 'createSecureServer'] },
  { modules: ['node:tls', 'node:dgram', 'node:dns', 'node:dns/*'], harmless: [] },
  { modules: ['undici', 'ws', 'axios', 'got', 'node-fetch', 'eventsource', 'socks'], harmless: [] },
  { modules: ['pg', 'pg-*', 'postgres', 'redis', 'ioredis'], harmless: [] },
  { modules: ['nodemailer', 'nodemailer/*'], harmless: [] },
  {
    modules: ['@modelcontextprotocol/client', '@modelcontextprotocol/client/*'],
    harmless: ['ReadBuffer', 'serializeMessage'],
  },
  {
    modules: ['@anthropic-ai/*', 'openai'],
    harmless: [
      'AnthropicError',
      'OpenAIError',
      'APIError',
      'APIConnectionTimeoutError',
      'APIUserAbortError',
      'transformJSONSchema',
    ],
  },
  // A client without credentials: it asks nobody for any.
  { modules: ['google-auth-library'], harmless: ['PassThroughClient'] },
  {
    // It would fetch revocation lists for certified attestations: `enrol.ts` lets none through.
    modules: ['@simplewebauthn/server', '@simplewebauthn/server/*'],
    harmless: [
      'generateAuthenticationOptions',
      'generateRegistrationOptions',
      'verifyAuthenticationResponse',
      'verifyRegistrationResponse',
      'COSEALG',
      'decodeAttestationObject',
      'decodeCredentialPublicKey',
    ],
  },
  { modules: ['@aws-sdk/*', '@google-cloud/*', 'node-vault'], harmless: [] },
  { modules: ['@dbos-inc/*'], harmless: [] },
  {
    modules: ['openid-client', 'oauth4webapi'],
    harmless: ['calculatePKCECodeChallenge', 'randomNonce', 'randomPKCECodeVerifier', 'randomState'],
  },
  {
    modules: ['jose'],
    harmless: [
      'SignJWT',
      'jwtVerify',
      'importJWK',
      'createLocalJWKSet',
      'errors',
      'decodeJwt',
      'calculateJwkThumbprint',
      // The key that stands in the token itself: nothing is fetched.
      'EmbeddedJWK',
    ],
  },
];

/** Names of every runtime that connect without an import. */
export const GLOBAL_OPENERS: readonly string[] = ['WebSocket', 'EventSource', 'XMLHttpRequest', 'fetch'];

/** Why a file may use which openers. */
export const MAY_CONNECT: Readonly<Record<string, { readonly openers: readonly string[]; readonly why: string }>> = {
  'packages/server/src/http/pages/approval-page.js': {
    openers: ['fetch'],
    why: 'runs in a browser, and its policy lets it ask our own server alone',
  },
  'packages/execute/src/egress/lookup.ts': {
    openers: ['node:dns/promises'],
    why: 'the guard: names are looked up and checked here',
  },
  'packages/execute/src/egress/open-socket.ts': {
    openers: ['node:net'],
    why: 'the guard: the one place that opens sockets',
  },
  'packages/execute/src/egress/egress.ts': { openers: ['undici'], why: 'the guard: HTTP over its sockets' },
  'packages/execute/src/connectors/postgres/session.ts': { openers: ['pg'], why: 'speaks over a socket of the guard' },
  'packages/execute/src/connectors/email/send-mail.ts': {
    openers: ['nodemailer/lib/smtp-connection'],
    why: 'speaks over a socket of the guard',
  },
  'packages/execute/src/connectors/email/compose.ts': {
    openers: ['nodemailer/lib/mail-composer'],
    why: 'composes text, with access to files and addresses shut off',
  },
  'packages/execute/src/connectors/mcp/reach-server.ts': {
    openers: ['@modelcontextprotocol/client'],
    why: 'the client speaks over a transport of ours alone: the guard\u2019s HTTP, or a child process',
  },
  'packages/execute/src/connectors/mcp/mcp-connector.ts': {
    openers: ['@modelcontextprotocol/client'],
    why: 'the protocol over a transport that it is given',
  },
  'packages/execute/src/connectors/mcp/http-transport.ts': {
    openers: ['@modelcontextprotocol/client'],
    why: 'Streamable HTTP over the fetch of the guard',
  },
  'packages/context/src/read-http.ts': {
    openers: ['undici'],
    why: 'one GET over the dispatcher of the guard that it is given',
  },
  'packages/context/src/deidentify/presidio.ts': {
    openers: ['undici'],
    why: 'one POST over the dispatcher of the guard that it is given, to the service of the configuration',
  },
  'packages/context/src/detect/outside-classifier.ts': {
    openers: ['undici'],
    why: 'one POST over the dispatcher of the guard that it is given, to the service of the configuration',
  },
  'packages/model/src/anthropic/provider.ts': {
    openers: ['@anthropic-ai/sdk'],
    why: 'the SDK over the fetch of the guard that it is given',
  },
  'packages/model/src/bedrock/provider.ts': {
    openers: ['@anthropic-ai/bedrock-sdk'],
    why: 'the SDK over the fetch of the guard that it is given, with keys that it is given',
  },
  'packages/model/src/vertex/provider.ts': {
    openers: ['@anthropic-ai/vertex-sdk'],
    why: 'the SDK over the fetch of the guard that it is given, with a token that it is given',
  },
  'packages/model/src/foundry/provider.ts': {
    openers: ['@anthropic-ai/foundry-sdk'],
    why: 'the SDK over the fetch of the guard that it is given, with a credential that it is given',
  },
  'packages/model/src/openai/provider.ts': {
    openers: ['openai'],
    why: 'the SDK over the fetch of the guard that it is given',
  },
  'packages/identity/src/oidc/provider.ts': {
    openers: ['openid-client'],
    why: 'the library over the fetch that it is given',
  },
  'packages/server/src/store/database.ts': { openers: ['pg'], why: 'our own database, by the address of the start' },
  'packages/server/src/backup/empty-database.ts': {
    openers: ['pg'],
    why: 'looks whether a database to restore into is empty',
  },
  'packages/server/src/store/pulse.ts': { openers: ['pg'], why: 'asks our own database whether it answers' },
  'packages/server/src/store/listen.ts': { openers: ['pg'], why: 'listens on our own database' },
  'packages/server/src/store/postgres.ts': { openers: ['pg'], why: 'waits until the embedded database answers' },
  'packages/server/src/store/trial-database.ts': {
    openers: ['pg'],
    why: 'makes the database in a PostgreSQL that it has just started, in a companion',
  },
  'packages/server/src/doctor/diagnose-at.ts': { openers: ['pg'], why: 'asks a database whether it is well' },
  'packages/server/src/doctor/reach-systems.ts': { openers: ['node:tls'], why: 'TLS over a socket of the guard' },
  'packages/server/src/streams/syslog-sink.ts': { openers: ['node:tls'], why: 'TLS over a socket of the guard' },
  'packages/run/src/clock-steps.ts': {
    openers: ['@dbos-inc/dbos-sdk/internal/wfqueue'],
    why: 'the loop of the durable engine, begun anew',
  },
  'packages/run/src/engine-pool.ts': { openers: ['pg'], why: 'our own database, for the durable engine' },
  'packages/run/src/engine.ts': {
    openers: [
      '@dbos-inc/dbos-sdk',
      ...['context', 'dbos', 'serialization', 'system_database'].map((part) => `@dbos-inc/dbos-sdk/internal/${part}`),
    ],
    why: 'the durable engine on our own database',
  },
  'packages/sdk/src/client/client.ts': {
    openers: ['fetch'],
    why: 'the client of our own API, in a page of the console or a program of its own',
  },
  'packages/console/src/api/live-run.ts': {
    openers: ['EventSource'],
    why: 'follows a run, in a page whose policy lets it speak to its own server alone',
  },
  'packages/cli/src/client.ts': {
    openers: ['fetch'],
    why: 'the command is a client of our own API, in a process of its own',
  },
  'packages/verify/src/grant/verify-grant.ts': {
    openers: ['jose'],
    why: 'runs in systems downstream, which fetch the public keys from the address that they configured',
  },
};
