import { type ModelEndpoint, PortreeveError, type ProjectConfig } from '@portreeve/contract';
import { createEgress } from '@portreeve/execute';
import { createModel, type ModelOptions, type ResilienceOptions, type Sharing } from '@portreeve/model';
import type { Endpoint } from '@portreeve/run';
import { proxyOf, ruleOf } from './egress.ts';
import { type OpenWith, openProvider } from './open-provider.ts';
import type { Secrets } from './secrets.ts';

/** Secrets that a plain environment variable stands in for, outside production (requirement E9). */
const ENVIRONMENT_SECRETS: Readonly<Record<string, string>> = {
  'anthropic-api-key': 'ANTHROPIC_API_KEY',
  'bedrock-api-key': 'AWS_BEARER_TOKEN_BEDROCK',
  'foundry-api-key': 'ANTHROPIC_FOUNDRY_API_KEY',
  'openai-api-key': 'OPENAI_API_KEY',
};

/** Keys by the name of the secret that each stands in for. */
export type ModelKeys = Readonly<Record<string, string | undefined>>;

export function modelKeysOf(env: Readonly<Record<string, string | undefined>>): ModelKeys {
  return Object.fromEntries(Object.entries(ENVIRONMENT_SECRETS).map(([secret, variable]) => [secret, env[variable]]));
}

/** Shorter than vendors keep an idle connection, so that it is we who close it. */
const KEPT_MS = 4000;

/** An endpoint with what people are told of it. */
export interface OpenEndpoint extends Endpoint {
  readonly model: string;
  readonly simulated: boolean;
}

export interface Models {
  /** In the order in which they are tried; at least one. */
  readonly endpoints: readonly [OpenEndpoint, ...OpenEndpoint[]];
  close(): Promise<void>;
}

export interface OpenModelsOptions extends Pick<OpenWith, 'clock' | 'at'> {
  readonly config: ProjectConfig;
  readonly secrets: Pick<Secrets, 'read'>;
  readonly keys: ModelKeys;
  /** Gets a span for each attempt to ask, without content. */
  readonly tracer?: ModelOptions['tracer'];
  /** Hears of each answer of an endpoint, and of each time that its circuit opens. */
  readonly health: (endpoint: string, state: 'answers' | 'silent') => void;
  /** What all processes share of the endpoints. */
  readonly shared: Sharing;
  /** False: without a key nothing stands in, because others say by the configuration what is asked. */
  readonly stand_in?: boolean;
}

/** The stand-in for all endpoints where there is no key. Nothing leaves the machine, so that it may see everything. */
const STAND_IN: ModelEndpoint = {
  ...{ name: 'simulated', kind: 'simulated', model: 'portreeve-simulated-1', where: 'inside', behaviour: 'extractive' },
  clearance: {
    confidentiality: 'restricted',
    categories: ['personal', 'health', 'payment', 'credential', 'customer'],
  },
};

/** It has the limits of the first endpoint that it stands in for, so that they can be tried without a key. */
const standIn = ({ prices, timeout_s, limits, resilience }: Partial<ModelEndpoint> = {}): ModelEndpoint => ({
  ...STAND_IN,
  ...{ prices, timeout_s, limits, resilience },
});

/** The endpoints as the configuration says them, for a process that asks none. */
export const configuredEndpoints = ({ models }: Pick<ProjectConfig, 'models'>): Omit<OpenEndpoint, 'ask'>[] =>
  models.map(({ name, model, where, clearance, kind }) => ({
    ...{ name, model, where, clearance, simulated: kind === 'simulated' },
  }));

/**
 * The configured endpoints where there are credentials, otherwise the simulated model alone (requirement J1). Keys come
 * from the secret store; from the environment only outside production (requirement E9). A key for some and not for all
 * is `misconfigured`: questions would silently go another way than the configuration says.
 */
export async function openModels(options: OpenModelsOptions): Promise<Models> {
  const { config, keys } = options;
  const production = config.environment === 'production';
  const plain = Object.keys(keys).find((secret) => keys[secret]);
  if (plain !== undefined && production)
    throw new PortreeveError('misconfigured', `${ENVIRONMENT_SECRETS[plain] ?? plain} is set in production.`, {
      next: `Put the key into the secret store as ${plain} and unset the variable.`,
    });
  const unreal = config.models.find(({ kind }) => kind === 'simulated');
  if (unreal && production)
    throw new PortreeveError('misconfigured', `The endpoint ${unreal.name} is simulated, in production.`, {
      next: 'Take it out of `models`.',
    });
  const keyed = await withKeys(options, production);
  return openAll(keyed ?? [{ endpoint: standIn(config.models[0]), key: null }], options);
}

interface Keyed {
  readonly endpoint: ModelEndpoint;
  readonly key: string | null;
}

/** Each endpoint with its key; null where none that needs one has it. */
async function withKeys(
  { config, secrets, keys, stand_in = true }: OpenModelsOptions,
  production: boolean,
): Promise<Keyed[] | null> {
  const keyed = await Promise.all(
    config.models.map(async (endpoint) => {
      const secret = secretOf(endpoint);
      const key = secret === null ? null : (await secrets.read(secret)) || keys[secret] || null;
      return { endpoint, key, lacks: secret !== null && key === null ? secret : null };
    }),
  );
  const lacking = keyed.find(({ lacks }) => lacks !== null);
  if (!lacking) return keyed;
  if (!production && stand_in && keyed.every(({ lacks }) => lacks !== null)) return null;
  const { endpoint, lacks } = lacking;
  throw new PortreeveError(
    'misconfigured',
    `There is no ${lacks} in the secret store, for the endpoint ${endpoint.name}.`,
    {
      next: production
        ? 'Production never runs on the simulated model: store the key and start again.'
        : 'Store the key, or take the endpoint out of `models`: the simulated model stands in for all endpoints or none.',
    },
  );
}

const secretOf = (endpoint: ModelEndpoint): string | null => ('secret' in endpoint && endpoint.secret) || null;

async function openAll(keyed: readonly Keyed[], options: OpenModelsOptions): Promise<Models> {
  const closing: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const each of closing.splice(0).reverse()) await each();
  };
  try {
    const endpoints: OpenEndpoint[] = [];
    for (const each of keyed) endpoints.push(await openEndpoint(each, options, closing));
    return { endpoints: endpoints as [OpenEndpoint, ...OpenEndpoint[]], close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openEndpoint(
  { endpoint, key }: Keyed,
  { config, secrets, clock, at, tracer, health, shared }: OpenModelsOptions,
  closing: (() => Promise<void>)[],
): Promise<OpenEndpoint> {
  const opened = await openProvider(endpoint, { key, clock, at });
  if (opened.close) closing.push(opened.close);
  const egress = createEgress({
    allow: opened.reaches.map((address) => ruleOf(address, endpoint.private ?? address.startsWith('http:'))),
    proxy: proxyOf(config, secrets),
    // The provider's own time-out is the shorter one.
    headers_timeout_ms: 3_600_000,
    // A question whose connection was closed under it is asked again.
    keep_idle_ms: KEPT_MS,
  });
  closing.push(egress.close);
  const provider = opened.provider(egress.fetch);
  const { name, clearance, model, simulated } = provider;
  return {
    ...{ name, clearance, model, simulated, where: endpoint.where },
    ask: createModel({
      ...{ provider, clock, shared, health: (state) => health(name, state), resilience: resilienceOf(endpoint) },
      ...(tracer ? { tracer } : {}),
      ...(endpoint.prices ? { prices: endpoint.prices } : {}),
      ...(endpoint.context_tokens ? { context_tokens: endpoint.context_tokens } : {}),
    }),
  };
}

/** The configured limits and ways of an endpoint, without what is left out. */
function resilienceOf({ timeout_s, resilience, limits }: ModelEndpoint): Partial<ResilienceOptions> {
  return {
    ...(timeout_s === undefined ? {} : patience(timeout_s * 1000)),
    ...defined(resilience),
    ...defined(limits),
  };
}

/** A question lasts as long as one attempt may, and a good deal longer, so that a second one has its time. */
const patience = (attempt_timeout_ms: number) => ({
  attempt_timeout_ms,
  total_timeout_ms: Math.max(300_000, Math.round(attempt_timeout_ms * 2.5)),
});

function defined<T extends object>(given: T | undefined): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(given ?? {}).filter(([, value]) => value !== undefined)) as never;
}
