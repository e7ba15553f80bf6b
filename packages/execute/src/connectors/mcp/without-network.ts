import { spawn } from 'node:child_process';

/** Where a program is looked for that takes the network away from another. */
const PATH = '/usr/local/bin:/usr/bin:/bin';
/**
 * A network namespace of its own, in which not even the loopback is up, through a user namespace, so that no privilege is
 * needed (Linux, util-linux). What a socket in the file system leads to stays reachable.
 */
const ISOLATE = ['unshare', '--user', '--map-current-user', '--net', '--'] as const;

let known: Promise<readonly string[] | null> | undefined;

/**
 * What stands before a command so that it has no network; null where this system does not allow it: none but Linux does,
 * and there an administrator may forbid user namespaces. Tried once, with a program that does nothing.
 */
export function withoutNetwork(): Promise<readonly string[] | null> {
  known ??= new Promise((resolve) => {
    const [program, ...rest] = ISOLATE;
    const tried = spawn(program, [...rest, 'true'], { env: { PATH }, stdio: 'ignore', timeout: 5000 });
    tried.once('error', () => resolve(null));
    tried.once('close', (code) => resolve(code === 0 ? ISOLATE : null));
  });
  return known;
}
