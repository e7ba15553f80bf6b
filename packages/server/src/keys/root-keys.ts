import { join, resolve } from 'node:path';
import {
  type Clock,
  type KeyWrapper,
  KeyWrapperError,
  PortreeveError,
  type RootKeeperConfig,
  type RootKeysConfig,
} from '@portreeve/contract';
import { awsEndpoints } from '@portreeve/execute';
import { awsAuthIn, secretWayOut, vaultAuthIn, withoutUndefined } from '../config/way-out.ts';
import type { Pause } from './ask-keeper.ts';
import { fileKeyWrapper } from './file-wrapper.ts';
import { kmsKeyWrapper } from './kms-wrapper.ts';
import { rewrapHere } from './rewrap-here.ts';
import { vaultKeyWrapper } from './vault-wrapper.ts';

interface Keeper extends KeyWrapper {
  /** Whether a root key may be one of this keeper's, by its name. */
  owns(root: string): boolean;
}

export interface RootKeysOptions {
  readonly config: RootKeysConfig;
  readonly projectFolder: string;
  readonly stateFolder: string;
  readonly clock: Clock;
  /** How it is waited for a keeper that is busy. */
  readonly pause?: Pause;
}

/** The keeper of the root key that the configuration names, with those that kept it before. Nobody is asked yet. */
export function openRootKeys(options: RootKeysOptions): KeyWrapper {
  const { keeper, earlier } = options.config;
  return keptBy([keeper, ...earlier].map((config) => keeperOf(config, options)));
}

/** The first wraps; whatever an earlier one wrapped is opened by that one and wrapped anew by the first. */
function keptBy(keepers: readonly Keeper[]): KeyWrapper {
  const [first, ...earlier] = keepers as readonly [Keeper, ...Keeper[]];
  const wrapper: KeyWrapper = {
    root: () => first.root(),
    wrap: (key, binding) => first.wrap(key, binding),
    async unwrap(key, binding) {
      let failed: unknown = null;
      for (const keeper of keepers.filter(({ owns }) => owns(key.root))) {
        try {
          return await keeper.unwrap(key, binding);
        } catch (error) {
          if (!(error instanceof KeyWrapperError)) throw error;
          failed ??= error;
        }
      }
      throw failed ?? unknownKeeper(key.root);
    },
    rewrap: (key, binding) =>
      first.owns(key.root) && !earlier.some(({ owns }) => owns(key.root))
        ? first.rewrap(key, binding)
        : rewrapHere(wrapper, key, binding),
    rotate: () => first.rotate(),
    retire: () => first.retire(),
    close: async () => {
      await Promise.all(keepers.map((keeper) => keeper.close()));
    },
  };
  return wrapper;
}

function unknownKeeper(root: string): PortreeveError {
  return new PortreeveError(
    'misconfigured',
    `Keys are wrapped by ${root}, and no keeper of the configuration has it.`,
    {
      next: 'Name who kept the root key before under `root_keys.earlier` until everything is wrapped anew.',
    },
  );
}

function keeperOf(config: RootKeeperConfig, { projectFolder, stateFolder, clock, pause }: RootKeysOptions): Keeper {
  const parts = { clock, ...(pause ? { pause } : {}) };
  switch (config.kind) {
    case 'file': {
      const file =
        config.path === undefined ? join(stateFolder, 'keys', 'root-keys.json') : resolve(projectFolder, config.path);
      return { ...fileKeyWrapper({ file, clock }), owns: (root) => root.startsWith('file:') };
    }
    case 'vault': {
      const { kind: _, private: allowed, auth, ...rest } = config;
      const egress = secretWayOut('keeper of the root key', [new URL(config.address)], allowed);
      const vault = vaultKeyWrapper({
        ...{ ...withoutUndefined(rest), auth: vaultAuthIn(projectFolder, auth), ...parts, fetch: egress.fetch },
      });
      const own = `vault:${config.mount}/${config.key}:v`;
      return { ...closingToo(vault, egress.close), owns: (root) => root.startsWith(own) };
    }
    case 'aws-kms': {
      const { kind: _, private: allowed, auth, ...rest } = config;
      const place = withoutUndefined(rest);
      const { service, sts } = awsEndpoints('kms', place);
      const egress = secretWayOut('keeper of the root key', [service, sts], allowed);
      const kms = kmsKeyWrapper({ ...place, auth: awsAuthIn(projectFolder, auth), ...parts, fetch: egress.fetch });
      const own = new RegExp(`^aws-kms:arn:[a-z0-9-]+:kms:${config.region}:`);
      return { ...closingToo(kms, egress.close), owns: (root) => own.test(root) };
    }
  }
}

function closingToo(wrapper: KeyWrapper, close: () => Promise<void>): KeyWrapper {
  return {
    ...wrapper,
    async close() {
      await wrapper.close();
      await close();
    },
  };
}
