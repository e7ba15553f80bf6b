import type { Published, SourceManifest } from './packages.ts';

/** Entrances of a package that only its own checkout uses: fakes for tests, training, the build of the console. */
const NOT_PUBLISHED = ['context ./training', 'console ./bundle'];
const NODE = '>=22.19';

/** The `package.json` that is published: it names what was built, and nothing that only a checkout has. */
export function publishedManifest({ folder, name, isPublic, manifest }: Published): Record<string, unknown> {
  const { version, description, license, bin, dependencies, optionalDependencies } = manifest;
  return {
    ...{ name, version, description, license, type: 'module' },
    // The command runs under an old Node too: it brings the one that it needs.
    engines: { node: name === 'portreeve' ? '>=20' : NODE },
    exports: exportsOf(folder, isPublic, manifest),
    ...(bin ? { bin: mapped(bin, built) } : {}),
    // The console is in its bundle: what it was made of is not installed again.
    ...(folder === 'console' ? {} : { dependencies }),
    ...(optionalDependencies ? { optionalDependencies } : {}),
    publishConfig: { access: 'public' },
  };
}

function exportsOf(folder: string, isPublic: boolean, { exports }: SourceManifest): Record<string, unknown> {
  const own = { './package.json': './package.json' };
  if (folder === 'cli') return own;
  const entries = Object.entries(exports ?? {})
    .filter(([key]) => !NOT_PUBLISHED.includes(`${folder} ${key}`) && (key !== './testing' || folder === 'sdk'))
    .map(([key, path]) => {
      const file = built(path);
      return [key, isPublic ? { types: file.replace(/\.js$/, '.d.ts'), default: file } : file];
    });
  return { ...Object.fromEntries(entries), ...own };
}

/** `./src/x.ts` of the sources is `./dist/x.js`. */
function built(path: string): string {
  return path.replace(/^\.\/src\//, './dist/').replace(/\.ts$/, '.js');
}

function mapped(record: Readonly<Record<string, string>>, change: (value: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
