import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';

/** A machine of its own, as far as the network and the disk go: an address, and no sight of the others' folders. */
export interface Host {
  readonly address: string;
  /** What stands before a command that runs there. `hidden`: folders that are empty there. */
  command(hidden: readonly string[]): string[];
  /** Pulls the cable: nothing arrives any more, and nobody is told. */
  pull(): void;
  plug(): void;
}

export interface Hosts<Name extends string> {
  /** The address of everything that is on none of them. */
  readonly outside: string;
  readonly byName: Readonly<Record<Name, Host>>;
  remove(): void;
}

const run = (command: string, ...args: string[]): void => {
  execFileSync(command, args, { stdio: 'pipe' });
};

/** Hides folders in a mount namespace of the process alone, and becomes the program. */
const HIDE = 'while [ "$1" != -- ]; do mount -t tmpfs -o size=64k hidden "$1" || exit 1; shift; done; shift; exec "$@"';

/**
 * Makes hosts of Linux network namespaces, each on a cable to one bridge. Gives why it cannot be done where this process may
 * not: that needs root.
 */
export function makeHosts<const Name extends string>(names: readonly Name[]): Hosts<Name> | string {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'only root on Linux can make network namespaces';
  const id = randomBytes(3).toString('hex');
  const net = `10.${200 + (randomBytes(1)[0]! % 50)}.${randomBytes(1)[0]}`;
  const bridge = `ptb${id}`;
  const made: (() => void)[] = [];
  const remove = () => {
    for (const undo of made.splice(0).reverse()) undo();
  };
  try {
    run('ip', 'link', 'add', bridge, 'type', 'bridge');
    made.push(() => run('ip', 'link', 'del', bridge));
    run('ip', 'addr', 'add', `${net}.1/24`, 'dev', bridge);
    run('ip', 'link', 'set', bridge, 'up');
    const hosts = names.map((name, index): [Name, Host] => {
      const space = `pt${id}-${name}`;
      const cable = `ptc${id}${index}`;
      const address = `${net}.${index + 2}`;
      run('ip', 'netns', 'add', space);
      made.push(() => run('ip', 'netns', 'del', space));
      run('ip', 'link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space);
      run('ip', 'link', 'set', cable, 'master', bridge, 'up');
      run('ip', '-n', space, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
      for (const device of ['lo', 'eth0']) run('ip', '-n', space, 'link', 'set', device, 'up');
      const host: Host = {
        address,
        command(hidden) {
          for (const folder of hidden) mkdirSync(folder, { recursive: true, mode: 0o700 });
          return ['ip', 'netns', 'exec', space, 'unshare', '--mount', 'sh', '-c', HIDE, 'hide', ...hidden, '--'];
        },
        pull: () => run('ip', 'link', 'set', cable, 'down'),
        plug: () => run('ip', 'link', 'set', cable, 'up'),
      };
      return [name, host];
    });
    return { outside: `${net}.1`, byName: Object.fromEntries(hosts) as Record<Name, Host>, remove };
  } catch (error) {
    remove();
    return `network namespaces cannot be made here: ${(error as Error).message}`;
  }
}
