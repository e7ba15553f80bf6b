import { createRequire } from 'node:module';
import { PortreeveError } from '@portreeve/contract';

const orNull = (resolve: () => string): string | null => {
  try {
    return resolve();
  } catch {
    return null;
  }
};
const sdkOf = (file: string) => orNull(() => createRequire(file).resolve('@portreeve/sdk'));
const contractOf = (file: string) => orNull(() => createRequire(file).resolve('@portreeve/contract'));

/**
 * What a workflow takes from the SDK and what this program does with it must be of one copy: a labelled value is known to the
 * module that made it and to no other one, and every run that takes it apart would fail. Throws `misconfigured` where the
 * file finds another copy.
 */
export function assertOneCopy(file: string): void {
  const sdk = sdkOf(file);
  // One without the SDK needs none.
  const theirs = sdk === null ? null : contractOf(sdk);
  const ours = contractOf(import.meta.url);
  if (theirs === null || theirs === ours) return;
  throw new PortreeveError(
    'misconfigured',
    `${file} takes @portreeve/sdk from another copy of Portreeve than this program.`,
    {
      next: `Run the program that is installed with the project (\`npx portreeve\`), with one version of both: \`npm ls @portreeve/contract\` must show one. Here it is ${theirs}, and not ${ours}.`,
    },
  );
}
