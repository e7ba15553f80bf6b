import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { nameSchema, PortreeveError, type ProjectConfig, systemClock } from '@portreeve/contract';
import type { Command } from 'commander';
import { EXIT, UsageError } from '../failure.ts';
import { printable, style } from '../output.ts';
import { readSecret } from '../read-secret.ts';
import type { GlobalOptions } from '../session.ts';

type SecretsOptions = GlobalOptions & { readonly project?: string };
type Run = (
  action: (options: SecretsOptions, name: string) => Promise<number>,
) => (...args: unknown[]) => Promise<void>;

export function addSecrets(program: Command, run: Run): void {
  const group = program.command('secrets').description('credentials in the encrypted keystore of the state folder');
  const withProject = (command: Command) =>
    command.option('--project <folder>', 'folder with portreeve.config.ts (default: the current one, if it has one)');
  withProject(
    group.command('set').description('store a secret, read from the terminal without echo or from standard input'),
  )
    .argument('<name>')
    .action(run(set));
  withProject(group.command('list').description('the names of the secrets, and nothing else of them')).action(
    run(list),
  );
  withProject(group.command('rm').description('remove a secret')).argument('<name>').action(run(remove));
  withProject(
    group
      .command('rotate')
      .description('encrypt every secret to a new root identity; the old one opens nothing any more'),
  ).action(run(rotate));
}

async function set(options: SecretsOptions, given: string): Promise<number> {
  const name = nameOf(given);
  const { keystore, noted } = await open(options);
  const value = await readSecret(`Value of ${name}`);
  await noted('set', name, () => keystore.set(name, value));
  return done(options, { set: name }, `${name} is set: calls from now on have the new value.`);
}

async function list(options: SecretsOptions): Promise<number> {
  const { keystore } = await open(options);
  const names = await keystore.list();
  if (options.json) console.log(JSON.stringify({ secrets: names }));
  else console.log(names.length === 0 ? 'There are no secrets.' : names.map(printable).join('\n'));
  return EXIT.done;
}

async function remove(options: SecretsOptions, given: string): Promise<number> {
  const name = nameOf(given);
  const { keystore, noted } = await open(options);
  if (!(await keystore.list()).includes(name)) {
    throw new PortreeveError('not_found', `There is no secret ${name}.`, {
      next: '`portreeve secrets list` shows the names.',
    });
  }
  await noted('removed', name, () => keystore.remove(name));
  return done(options, { removed: name }, `${name} is removed.`);
}

async function rotate(options: SecretsOptions): Promise<number> {
  const { keystore, noted } = await open(options);
  const secrets = await noted('rotated', null, () => keystore.rotate());
  return done(options, { rotated: secrets }, `${secrets} secrets are encrypted to a new root identity.`);
}

function done(options: SecretsOptions, document: object, sentence: string): number {
  console.log(options.json ? JSON.stringify(document) : `${style('green', '\u2713')} ${printable(sentence)}`);
  return EXIT.done;
}

function nameOf(given: string): string {
  const name = nameSchema.safeParse(given);
  if (!name.success) throw new UsageError('The name of a secret is lower-case words joined by - or _.');
  return name.data;
}

/** The keystore of the state folder, as the project says that it is, and what notes a change for the record. */
async function open(options: SecretsOptions) {
  const { environmentOf, loadProject, plainKeystore, stateKeystore, withNote } = await import('@portreeve/server');
  const stateFolder = resolve(options.state);
  const projectFolder = resolve(options.project ?? '.');
  const named = options.project !== undefined || (await exists(join(projectFolder, 'portreeve.config.ts')));
  const config: ProjectConfig | null = named ? (await loadProject(projectFolder)).config : null;
  const keystore = config
    ? stateKeystore({ config, projectFolder, stateFolder })
    : plainKeystore(stateFolder, (await environmentOf(stateFolder)) ?? 'development');
  const noted = <T>(change: 'set' | 'removed' | 'rotated', secret: string | null, act: () => Promise<T>): Promise<T> =>
    withNote(stateFolder, { change, secret, clock: systemClock }, act);
  return { keystore, noted };
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
