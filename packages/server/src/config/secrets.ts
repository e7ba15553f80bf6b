import { join, resolve } from 'node:path';
import {
  type Clock,
  type EnvironmentName,
  isPortreeveError,
  PortreeveError,
  type ProjectConfig,
  type SecretsConfig,
} from '@portreeve/contract';
import {
  awsEndpoints,
  awsSecrets,
  createEgress,
  type Keystore,
  mountedFiles,
  openKeystore,
  type SecretStore,
  SecretStoreError,
  vaultStore,
} from '@portreeve/execute';
import { ruleOf } from './egress.ts';

export interface Secrets {
  /** For the executor: with leases. */
  readonly store: SecretStore;
  /**
   * A secret that stands in the store, or null where there is none of that name; read anew for each use. Throws
   * `unavailable` where the store cannot answer, and `misconfigured` for one that is minted for each use.
   */
  read(name: string): Promise<string | null>;
  /** Gives back the store's session, and ends its way out. */
  close(): Promise<void>;
}

/** Opens the secret store that the configuration names. It is asked first when something needs a secret. */
export function openSecrets(options: {
  readonly config: Pick<ProjectConfig, 'secrets' | 'environment'>;
  readonly projectFolder: string;
  readonly stateFolder: string;
  readonly clock: Clock;
}): Secrets {
  const { config, clock } = options;
  const at = (path: string): string => resolve(options.projectFolder, path);
  switch (config.secrets.store) {
    case 'keystore':
      return secretsOf(stateKeystore(options));
    case 'files':
      return secretsOf(mountedFiles({ folder: at(config.secrets.folder) }));
    case 'vault':
      return openVault(config.secrets, at, clock);
    case 'aws':
      return openAws(config.secrets, at, clock);
  }
}

/** The embedded keystore of a state folder. Throws `misconfigured` where the configuration names another store. */
export function stateKeystore(options: {
  readonly config: Pick<ProjectConfig, 'secrets' | 'environment'>;
  readonly projectFolder: string;
  readonly stateFolder: string;
}): Keystore {
  const { config, projectFolder, stateFolder } = options;
  const { secrets, environment } = config;
  if (secrets.store !== 'keystore')
    throw new PortreeveError('misconfigured', `This project keeps its secrets in the store "${secrets.store}".`, {
      next: 'Change them there.',
    });
  const identityFile = secrets.identity_file
    ? resolve(projectFolder, secrets.identity_file)
    : join(stateFolder, 'keys', 'secrets.identity');
  return openKeystore({ folder: keystoreFolder(stateFolder), identityFile, environment });
}

/** Where the embedded keystore of a state folder keeps its files. */
export function keystoreFolder(stateFolder: string): string {
  return join(stateFolder, 'secrets');
}

/** A keystore without a project: what a laptop has before and beside one. */
export function plainKeystore(stateFolder: string, environment: EnvironmentName): Keystore {
  const config = { secrets: { store: 'keystore' as const }, environment };
  return stateKeystore({ config, projectFolder: stateFolder, stateFolder });
}

function openVault(config: SecretsConfig & { store: 'vault' }, at: (path: string) => string, clock: Clock): Secrets {
  const { store: _, private: allowed, auth, namespace, ...rest } = config;
  const egress = wayOut([new URL(config.address)], allowed);
  return secretsOf(
    vaultStore({
      ...rest,
      ...(namespace === undefined ? {} : { namespace }),
      auth:
        auth.method === 'approle'
          ? { ...withoutUndefined(auth), secret_id_file: at(auth.secret_id_file) }
          : { ...withoutUndefined(auth), jwt_file: at(auth.jwt_file) },
      fetch: egress.fetch,
      clock,
    }),
    egress.close,
  );
}

function openAws(config: SecretsConfig & { store: 'aws' }, at: (path: string) => string, clock: Clock): Secrets {
  const { store: _, private: allowed, auth, ...rest } = config;
  const options = withoutUndefined(rest);
  const { secrets, sts } = awsEndpoints(options);
  const egress = wayOut([secrets, sts], allowed);
  return secretsOf(
    awsSecrets({
      ...options,
      auth:
        auth.method === 'keys'
          ? { ...auth, secret_access_key_file: at(auth.secret_access_key_file) }
          : { ...auth, token_file: at(auth.token_file) },
      fetch: egress.fetch,
      clock,
    }),
    egress.close,
  );
}

/** A way out of its own: what reaches the secret store reaches nothing else, and no tool reaches the secret store. */
function wayOut(urls: readonly URL[], allowed: boolean) {
  for (const { protocol, hostname } of urls) {
    if (protocol !== 'https:' && !['localhost', '127.0.0.1', '[::1]'].includes(hostname))
      throw new PortreeveError('misconfigured', `The secret store at ${hostname} is spoken to without TLS.`, {
        next: 'Give it an https address; plain http is for this machine alone.',
      });
  }
  return createEgress({
    allow: urls.map(({ href }) => ruleOf(href, allowed)),
  });
}

function secretsOf(store: SecretStore, closeEgress: () => Promise<void> = async () => undefined): Secrets {
  return {
    store,
    async read(name) {
      const secret = await store.fetch(name).catch((error: unknown) => {
        if (isPortreeveError(error) || !(error instanceof SecretStoreError)) throw error;
        throw new PortreeveError('unavailable', `The secret store cannot answer: ${error.message}.`);
      });
      if (secret === null) return null;
      if (secret.lease === null) return secret.value;
      await store.revoke(secret.lease.id).catch(() => undefined);
      throw new PortreeveError(
        'misconfigured',
        `The credential ${name} is minted for each use: only a tool may have it.`,
      );
    },
    async close() {
      await store.close();
      await closeEgress();
    },
  };
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Optional members that the schema left undefined are left out (`exactOptionalPropertyTypes`). */
function withoutUndefined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Defined<T>;
}
