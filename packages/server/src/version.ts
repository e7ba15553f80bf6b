import manifest from '../package.json' with { type: 'json' };

export const VERSION: string = manifest.version;

/**
 * What this version of Portreeve adds to every release: its baseline rules, the texts around a prompt, and how a run goes
 * step by step. It belongs to a release as its own files do. Versions with the same core carry each other's releases and the
 * runs of them; with another one, a release is built, tested and promoted anew.
 *
 * The number rises when the code comes to another decision, label or order of steps for the same release, and no text shows
 * it; what follows it is the digest of the texts (`version.test.ts`).
 */
export const CORE = '1-4daa58d2dfbd';
