import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { EXIT } from '../failure.ts';
import { printable, style } from '../output.ts';
import type { ProjectOptions } from './check.ts';
import { addReleaseRegister } from './release-register.ts';

type Run<O> = (action: (options: O, ...words: string[]) => Promise<number>) => (...args: unknown[]) => Promise<void>;
type BuildOptions = ProjectOptions & { readonly out?: string; readonly unsigned?: boolean };
type VerifyOptions = ProjectOptions & { readonly key?: readonly string[] };
type DiffOptions = ProjectOptions & { readonly workflow?: string; readonly failOnLooser?: boolean };

export function addRelease(program: Command, run: Run<never>): void {
  const group = program
    .command('release')
    .description('what a workflow is, as one signed bundle: build, check, compare, and bring into production');
  const inProject = (command: Command) => command.option('--project <folder>', 'folder with portreeve.config.ts', '.');
  inProject(group.command('list').description('the release that each workflow of the project is now')).action(
    (run as Run<ProjectOptions>)(list),
  );
  inProject(group.command('build').description('write the bundle of a workflow, signed with the release key'))
    .argument('[workflow]', 'where the project has several')
    .option('--out <file>', 'where to (default: <workflow>-<start of its id>.release.json)')
    .option('--unsigned', 'without a signature')
    .action((run as Run<BuildOptions>)(build));
  group
    .command('verify')
    .description('whether a bundle is whole, and by which of the given keys it is signed (exit 1 if by none)')
    .argument('<bundle>', 'a file of `release build`')
    .option('--key <x>', 'public key, as `portreeve keys release` prints it; may be given several times', collect)
    .action((run as Run<VerifyOptions>)(verify));
  group
    .command('diff')
    .description('what changes from one release to another, in words; what loosens is marked')
    .argument('<before>', 'a bundle, or the folder of a project as it is now')
    .argument('<after>', 'a bundle, or the folder of a project as it is now')
    .option('--workflow <name>', 'where both are projects with several')
    .option('--fail-on-looser', 'exit 1 where anything loosens')
    .action((run as Run<DiffOptions>)(diff));
  addReleaseRegister(group, run as never);
}

const collect = (value: string, before: readonly string[] = []) => [...before, value];

async function list(options: ProjectOptions): Promise<number> {
  const { projectReleases } = await import('@portreeve/server');
  const releases = await projectReleases(resolve(options.project));
  if (options.json) console.log(JSON.stringify({ releases }));
  else
    for (const { workflow, version, release } of releases)
      console.log(`${workflow.padEnd(24)} ${version.padEnd(8)} ${release}`);
  return EXIT.done;
}

async function build(options: BuildOptions, workflow: string | undefined): Promise<number> {
  const { buildRelease } = await import('@portreeve/server');
  const state = options.unsigned ? null : resolve(options.state);
  const { text, ...built } = await buildRelease(resolve(options.project), workflow, state);
  const out =
    options.out ?? `${built.workflow}-${built.release.slice('sha256:'.length, 'sha256:'.length + 12)}.release.json`;
  await writeFile(resolve(out), text);
  if (options.json) {
    console.log(JSON.stringify({ ...built, file: out, bytes: Buffer.byteLength(text) }));
    return EXIT.done;
  }
  console.log(`${style('green', '✓')} ${built.workflow} ${built.version}: ${built.release}`);
  console.log(`  ${out}: ${built.files} files, ${componentsOf(built.components)}, ${signedBy(built.signed_by)}`);
  return EXIT.done;
}

const componentsOf = (count: number | null) =>
  count === null ? 'no list of components (there is no package-lock.json)' : `${count} components`;
const signedBy = (id: string | null) => (id === null ? 'not signed' : `signed by ${id}`);

async function verify(options: VerifyOptions, file: string): Promise<number> {
  const { openRelease } = await import('@portreeve/server');
  const release = await openRelease(resolve(file), options.key ?? []);
  const { id, manifest, signed_by, signatures, files } = release;
  const { name, version } = manifest.contract;
  const ok = signed_by.length > 0;
  if (options.json) {
    console.log(JSON.stringify({ ok, release: id, workflow: name, version, signed_by, signatures }));
    return ok ? EXIT.done : EXIT.failed;
  }
  console.log(`${style('green', '✓')} whole: ${name} ${version}, ${files.length} files, ${id}`);
  if (ok) console.log(`${style('green', '✓')} signed by ${signed_by.join(', ')}`);
  else {
    const claimed = signatures.length === 0 ? 'it has no signature' : `it names ${printable(signatures.join(', '))}`;
    console.log(`${style('red', '✗')} not signed by a key that was given (${claimed})`);
    console.log('  Give the key that may sign: --key X, as `portreeve keys release` prints it where it was built.');
  }
  return ok ? EXIT.done : EXIT.failed;
}

async function diff(options: DiffOptions, before: string, after: string): Promise<number> {
  const { compareReleases } = await import('@portreeve/server');
  const changes = await compareReleases(before, after, options.workflow);
  const looser = changes.filter(({ loosens }) => loosens).length;
  if (options.json) console.log(JSON.stringify({ changes, looser }));
  else if (changes.length === 0) console.log(`${style('green', '✓')} nothing changes`);
  else {
    let area = '';
    for (const change of changes) {
      if (change.area !== area) console.log(style('bold', change.area));
      area = change.area;
      console.log(`  ${change.loosens ? style('red', '! looser') : '        '} ${printable(change.text)}`);
      for (const line of change.lines) console.log(`             ${printable(line)}`);
    }
    console.log(`${changes.length} changes, ${looser} of them looser`);
  }
  return options.failOnLooser && looser > 0 ? EXIT.failed : EXIT.done;
}
