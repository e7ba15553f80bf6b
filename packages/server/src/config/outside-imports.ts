import { realpathSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** A file of a workflow's folder that imports one which lies elsewhere; paths are relative to the folder. */
export interface OutsideImport {
  readonly file: string;
  readonly imports: string;
}

/** Of each folder that is watched, by the beginning of its addresses: which file of it imported what, in the order. */
const watched = new Map<string, Map<string, OutsideImport>>();

/**
 * What the modules of a folder import from files outside of it, as far as they were loaded since the first call for that
 * folder. Packages are not among it: they are of the lockfile. Nor is what tests import: their data may lie elsewhere.
 *
 * A release is the files of the folder (requirement H1), so code outside of it changes under the same id.
 */
export function watchImports(folder: string): () => readonly OutsideImport[] {
  const root = realpathSync(folder);
  const place = pathToFileURL(root + sep).href;
  if (watched.size === 0) registerHooks({ resolve: remember });
  const found = watched.get(place) ?? new Map<string, OutsideImport>();
  watched.set(place, found);
  return () => [...found.values()];
}

const remember: NonNullable<Parameters<typeof registerHooks>[0]['resolve']> = (specifier, context, next) => {
  const resolved = next(specifier, context);
  const { parentURL } = context;
  if (parentURL === undefined || !/^(?:\.\.?\/|\/|file:|#)/.test(specifier)) return resolved;
  for (const [place, found] of watched) {
    if (!parentURL.startsWith(place) || parentURL.startsWith(`${place}tests/`)) continue;
    if (!resolved.url.startsWith('file:') || resolved.url.startsWith(place)) continue;
    const root = fileURLToPath(place);
    const [file, imports] = [parentURL, resolved.url].map((url) =>
      relative(root, fileURLToPath(url)).replaceAll('\\', '/'),
    ) as [string, string];
    found.set(`${file}\n${imports}`, { file, imports });
  }
  return resolved;
};
