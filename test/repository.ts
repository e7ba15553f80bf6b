import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

export interface SourceText {
  /** From the root of the repository, with `/`. */
  readonly path: string;
  readonly text: string;
}

export interface Manifest {
  readonly name: string;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** Every source file of ours, sorted by path. */
export function sourceFiles(): SourceText[] {
  const patterns = ['{packages,examples}/*/**/*', 'test/**/*', 'bench/**/*', '*'].map(
    (folder) => `${folder}.{ts,tsx,mts,cts,js,mjs,cjs,jsx}`,
  );
  return globSync(patterns, { cwd: ROOT, exclude: (path) => /(^|\/)(node_modules|\.portreeve)$/.test(path) })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => !/(^|\/)(node_modules|\.portreeve)\//.test(path))
    .sort()
    .map((path) => ({ path, text: readFileSync(new URL(path, `file://${ROOT}`), 'utf8') }));
}

/** The `package.json` of a folder, such as `packages/gate`; the root's is at `.`. */
export function manifests(): Map<string, Manifest> {
  const found = globSync(['package.json', '{packages,examples}/*/package.json'], { cwd: ROOT });
  return new Map(
    found.map((path) => [
      path.replaceAll('\\', '/').replace(/\/?package\.json$/, '') || '.',
      JSON.parse(readFileSync(new URL(path, `file://${ROOT}`), 'utf8')) as Manifest,
    ]),
  );
}

export function isTestFile(path: string): boolean {
  return /\.test\.[cm]?[jt]sx?$/.test(path) || path.startsWith('test/') || /^examples\/[^/]+\/tests?\//.test(path);
}

export function isTestingFolder(path: string): boolean {
  return /(^|\/)testing\//.test(path);
}
