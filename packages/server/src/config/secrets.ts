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
  type Keystore,
  mountedFiles,
  openKeystore,
  type SecretStore,
  SecretStoreError,
  vaultStore,
} from '@portreeve/execute';
import { awsAuthIn, secretWayOut, vaultAuthIn, withoutUndefined } from './way-out.ts';

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
  const { projectFolder: folder } = options;
  switch (config.secrets.store) {
    case 'keystore':
      return secretsOf(stateKeystore(options));
    case 'files':
      return secretsOf(mountedFiles({ folder: resolve(folder, config.secrets.folder) }));
    case 'vault':
      return openVault(config.secrets, folder, clock);
    case 'aws':
      return openAws(config.secrets, folder, clock);
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

function openVault(config: SecretsConfig & { store: 'vault' }, folder: string, clock: Clock): Secrets {
  const { store: _, private: allowed, auth, ...rest } = config;
  const egress = secretWayOut('secret store', [new URL(config.address)], allowed);
  return secretsOf(
    vaultStore({ ...withoutUndefined(rest), auth: vaultAuthIn(folder, auth), fetch: egress.fetch, clock }),
    egress.close,
  );
}

function openAws(config: SecretsConfig & { store: 'aws' }, folder: string, clock: Clock): Secrets {
  const { store: _, private: allowed, auth, ...rest } = config;
  const options = withoutUndefined(rest);
  const { service, sts } = awsEndpoints('secretsmanager', options);
  const egress = secretWayOut('secret store', [service, sts], allowed);
  return secretsOf(awsSecrets({ ...options, auth: awsAuthIn(folder, auth), fetch: egress.fetch, clock }), egress.close);
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
