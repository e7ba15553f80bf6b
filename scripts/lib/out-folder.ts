import { join, resolve } from 'node:path';
import { ROOT } from './packages.ts';

/** Where a script writes: the folder on its command line, or `build` of this checkout, which git ignores. */
export function outFolder(): string {
  return resolve(process.argv[2] ?? join(ROOT, 'build'));
}
