import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import { globalFetchLines, type Import, importsOf } from './imports.ts';
import {
  ARROWS,
  COMPUTED_IMPORTS,
  GLOBAL_FETCH,
  MAY_OPEN,
  RELATIVE_CROSSINGS,
  RESTRICTED,
  RUNTIME_NEUTRAL,
} from './layers.table.ts';
import { isTestFile, isTestingFolder, type Manifest, type SourceText } from './repository.ts';

export const RULES = [
  'arrow',
  'lazily',
  'unknown-package',
  'open',
  'read-labelled',
  'testing',
  'not-exported',
  'relative',
  'computed',
  'restricted',
  'runtime-neutral',
  'undeclared',
  'node-prefix',
  'fetch',
] as const;

export interface Violation {
  readonly rule: (typeof RULES)[number];
  readonly where: string;
  readonly what: string;
}

const SCOPE = '@portreeve/';

/** What a file does against the tables of `layers.table.ts`. */
export function violationsOf(file: SourceText, manifests: ReadonlyMap<string, Manifest>): Violation[] {
  const place = placeOf(file.path);
  if (place === null) return [];
  // A bench compares us with the bare alternatives, and so imports those; it ships with nothing.
  const isBench = file.path.startsWith('bench/');
  const forTests = isBench || isTestFile(file.path) || isTestingFolder(file.path);
  const found: Violation[] = [];
  const report = (rule: Violation['rule'], line: number, what: string): void => {
    found.push({ rule, where: `${file.path}:${line}`, what });
  };

  const arrows = ARROWS[place.name];
  if (arrows === undefined) {
    report('unknown-package', 1, `package ${place.name} has no row in ARROWS`);
    return found;
  }

  const judgeWorkspace = (item: Import, specifier: string): void => {
    const [name = '', ...rest] = specifier.slice(SCOPE.length).split('/');
    const subpath = rest.join('/');
    if (name === place.name) {
      report('arrow', item.line, `${name} imports itself by its public name`);
      return;
    }
    const allowed = (list: readonly string[] | undefined): boolean =>
      list?.some((entry) => entry === name || entry === `${name}/${subpath}`) ?? false;
    const always = allowed(arrows.imports) || (forTests && allowed(arrows.inTests));
    if (!always && !allowed(arrows.lazily))
      report('arrow', item.line, `${place.name} may not import ${specifier}: ${arrows.why}`);
    else if (!always && item.kind === 'static' && !forTests)
      report('lazily', item.line, `${place.name} may import ${specifier} only by import() or as types: ${arrows.why}`);
    if (specifier === `${SCOPE}contract/open` && !forTests && !Object.hasOwn(MAY_OPEN, place.name))
      report('open', item.line, `only ${Object.keys(MAY_OPEN).join(', ')} may open labelled values`);
    if (subpath === 'testing' && !forTests)
      report('testing', item.line, `${specifier} is for tests: a fake must not reach a running system`);
    const exported = manifests.get(`packages/${name}`)?.exports;
    if (exported && !Object.hasOwn(exported, subpath === '' ? '.' : `./${subpath}`))
      report('not-exported', item.line, `${specifier} is not an export of ${SCOPE}${name}`);
  };

  const judgeRelative = (item: Import, specifier: string): void => {
    const target = posix.normalize(posix.join(posix.dirname(file.path), specifier));
    const inside =
      place.folder === '.' ? !/^(packages|examples|\.\.)\//.test(target) : target.startsWith(`${place.folder}/`);
    if (!inside && !Object.hasOwn(RELATIVE_CROSSINGS, file.path))
      report('relative', item.line, `${specifier} leaves ${place.folder}: import the package by its name`);
    if (!forTests && isTestingFolder(target))
      report('testing', item.line, `${specifier} is for tests: a fake must not reach a running system`);
    if (
      target === 'packages/contract/src/labelled.ts' &&
      file.path !== 'packages/contract/src/open.ts' &&
      item.names.some((name) => name === 'readLabelled' || name === '*')
    )
      report('read-labelled', item.line, 'readLabelled is for open.ts alone: everybody else imports contract/open');
  };

  const judgeModule = (item: Import, specifier: string): void => {
    if (isBuiltin(specifier)) {
      if (!specifier.startsWith('node:')) report('node-prefix', item.line, `write node:${specifier}`);
      if (Object.hasOwn(RUNTIME_NEUTRAL, place.name) && !forTests)
        report('runtime-neutral', item.line, `${place.name} imports ${specifier}: ${RUNTIME_NEUTRAL[place.name]}`);
    }
    const name = specifier.startsWith('node:') ? specifier : isBuiltin(specifier) ? `node:${specifier}` : specifier;
    for (const row of RESTRICTED)
      if (
        row.modules.some((pattern) => matches(pattern, name)) &&
        !row.only.includes(place.name) &&
        !isTestFile(file.path) &&
        !isBench
      )
        report('restricted', item.line, `only ${row.only.join(', ')} may import ${specifier}: ${row.why}`);
  };

  const own = manifests.get(place.folder);
  const root = manifests.get('.');
  const names = (...groups: readonly (Readonly<Record<string, string>> | undefined)[]): Set<string> =>
    new Set(groups.flatMap((group) => Object.keys(group ?? {})));
  // Sources that ship may not lean on what is installed for development alone; types are gone before they run.
  const declared = names(own?.dependencies, own?.optionalDependencies, own?.peerDependencies);
  const forDevelopment = names(own?.devDependencies, ...(forTests ? [root?.devDependencies] : []));
  const judgeDeclared = (item: Import, specifier: string): void => {
    if (isBuiltin(specifier)) return;
    const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
    const byWorkspace = place.folder === '.' && specifier.startsWith(SCOPE);
    const developing = forTests || item.kind === 'type';
    const known = declared.has(name) || (developing && (forDevelopment.has(name) || forDevelopment.has(typesOf(name))));
    if (!byWorkspace && !known)
      report('undeclared', item.line, `${name} is not in ${posix.join(place.folder, 'package.json')}`);
  };

  for (const item of importsOf(file)) {
    const { specifier } = item;
    if (specifier === null) {
      if (!forTests && !Object.hasOwn(COMPUTED_IMPORTS, file.path))
        report('computed', item.line, 'the target of this import cannot be known from the text');
    } else if (specifier.startsWith('.')) judgeRelative(item, specifier);
    else {
      if (specifier.startsWith(SCOPE)) judgeWorkspace(item, specifier);
      else judgeModule(item, specifier);
      judgeDeclared(item, specifier);
    }
  }
  if (!forTests && !Object.hasOwn(GLOBAL_FETCH, place.name) && !Object.hasOwn(GLOBAL_FETCH, file.path))
    for (const line of globalFetchLines(file))
      report(
        'fetch',
        line,
        `the global fetch knows no egress rules; only ${Object.keys(GLOBAL_FETCH).join(', ')} use it`,
      );
  return found;
}

/** Which row of ARROWS a file stands under, and the folder of its package. `null`: the root's own configuration. */
function placeOf(path: string): { name: string; folder: string } | null {
  const [top, name] = path.split('/');
  if (top === 'packages' && name !== undefined) return { name, folder: `packages/${name}` };
  if (top === 'examples' && name !== undefined) return { name: 'examples', folder: `examples/${name}` };
  if (top === 'test' || top === 'bench') return { name: 'test', folder: '.' };
  return null;
}

function matches(pattern: string, name: string): boolean {
  if (pattern.endsWith('*')) return name.startsWith(pattern.slice(0, -1));
  return name === pattern || name.startsWith(`${pattern}/`);
}

function typesOf(name: string): string {
  return `@types/${name.startsWith('@') ? name.slice(1).replace('/', '__') : name}`;
}
