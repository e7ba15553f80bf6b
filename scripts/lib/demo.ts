import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { ROOT } from './packages.ts';

const KIT = '@portreeve/example-downstream';

/**
 * The example that `portreeve up --demo` runs, as JavaScript: Node strips no types below `node_modules`. What the examples
 * share is no package of the registry, so it lies beside and is imported from there.
 */
export async function addDemo(compiled: string, to: string): Promise<void> {
  const isTest = (path: string) => /(^|\/)tests(\/|$)|\.test\.[jt]s$/.test(path);
  await copyCode(join(compiled, 'downstream-kit/src'), join(to, 'downstream-kit'), () => true);
  await copyCode(join(compiled, 'incident-summary'), join(to, 'incident-summary'), (path) => !isTest(path));
  const source = join(ROOT, 'examples/incident-summary');
  await cp(source, join(to, 'incident-summary'), {
    recursive: true,
    filter: (path) => {
      const inside = relative(source, path).replaceAll('\\', '/');
      return (
        !isTest(inside) && !/(^|\/)(node_modules|\.portreeve|package\.json|policy-matrix\.txt)$|\.ts$/.test(inside)
      );
    },
  });
}

async function copyCode(from: string, to: string, wanted: (path: string) => boolean): Promise<void> {
  for (const entry of await readdir(from, { recursive: true, withFileTypes: true })) {
    const path = relative(from, join(entry.parentPath, entry.name)).replaceAll('\\', '/');
    if (!entry.isFile() || !path.endsWith('.js') || !wanted(path)) continue;
    const place = join(to, path);
    await cp(join(from, path), place);
    const text = await readFile(place, 'utf8');
    const up = '../'.repeat(path.split('/').length);
    // Its companion is started by the name of a file.
    const changed = text
      .replaceAll(`'${KIT}'`, `'${up}downstream-kit/index.js'`)
      .replaceAll(/'([\w-]+\/server)\.ts'/g, "'$1.js'");
    if (changed !== text) await writeFile(place, changed);
  }
}
