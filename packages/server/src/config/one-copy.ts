import { createRequire } from 'node:module';
import { PortreeveError } from '@portreeve/contract';

const SDK = '@portreeve/sdk';
const CONTRACT = '@portreeve/contract';

const found = (from: string, name: string): string | null => {
  try {
    return createRequire(from).resolve(name);
  } catch {
    return null;
  }
};

/**
 * What a workflow takes from the SDK and what this program does with it must be of one copy: a labelled value is known to the
 * module that made it and to no other one, and every run that takes it apart would fail. Throws `misconfigured` where the
 * file finds another copy.
 */
export function assertOneCopy(file: string): void {
  const sdk = found(file, SDK);
  // One without the SDK needs none.
  const theirs = sdk === null ? null : found(sdk, CONTRACT);
  const ours = found(import.meta.url, CONTRACT);
  if (theirs === null || theirs === ours) return;
  throw new PortreeveError('misconfigured', `${file} takes ${SDK} from another copy of Portreeve than this program.`, {
    next: `Run the program that is installed with the project (\`npx portreeve\`), with one version of both: \`npm ls ${CONTRACT}\` must show one. Here it is ${theirs}, and not ${ours}.`,
  });
}
