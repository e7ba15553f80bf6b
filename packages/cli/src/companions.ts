import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PortreeveError, type ProjectConfig } from '@portreeve/contract';

export interface Companions {
  readonly systems: ProjectConfig['systems'];
  stop(): Promise<void>;
}

/** A companion may be a PostgreSQL that is made at its first start. */
const START_MS = 60_000;

/** Starts the companion processes of a project and waits until each says where it listens. They end with this process. */
export async function startCompanions(
  config: ProjectConfig,
  options: { projectFolder: string; stateFolder: string; jwks: string },
): Promise<Companions> {
  if (config.companions.length > 0 && config.environment === 'production') {
    throw new PortreeveError('misconfigured', 'Companion processes are for trying things out, not for production.');
  }
  const secretFile = (given: Asked, folder: string) => companionSecret(given, folder, config, options);
  const children: ChildProcess[] = [];
  const stop = async () => {
    await Promise.all(children.map(end));
  };
  try {
    const systems: ProjectConfig['systems'] = {};
    for (const { system, command } of config.companions) {
      const state = join(options.stateFolder, 'companions', system);
      await mkdir(state, { recursive: true, mode: 0o700 });
      const words: string[] = [];
      for (const word of command)
        words.push(await fill(word, { state, ...options, issuer: `urn:portreeve:${config.environment}` }, secretFile));
      // The same Node as ours; its standard input is the pipe whose end tells it that we are gone.
      const [program = '', ...rest] = words;
      const child = spawn(program === 'node' ? process.execPath : program, rest, {
        cwd: options.projectFolder,
        stdio: ['pipe', 'pipe', 'inherit'],
        detached: true,
      });
      children.push(child);
      systems[system] = { url: await listening(child, system), private: true };
    }
    return { systems, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function fill(
  word: string,
  values: { state: string; issuer: string; jwks: string },
  secretFile: (asked: Asked, folder: string) => Promise<string>,
): Promise<string> {
  const [, form, name] = /^\{(secret|login):([a-z0-9_-]+)\}$/.exec(word) ?? [];
  if (form && name) return secretFile({ form: form as Asked['form'], name }, values.state);
  return word.replace('{state}', values.state).replace('{issuer}', values.issuer).replace('{jwks}', values.jwks);
}

/** A secret of one word, or one of a user name and a password, as a database takes it. */
interface Asked {
  readonly form: 'secret' | 'login';
  readonly name: string;
}

/**
 * The file of a secret that Portreeve and a companion share, in the companion's own folder: a process of another program
 * cannot open our keystore. Made where there is none of that name.
 */
async function companionSecret(
  { form, name }: Asked,
  folder: string,
  config: ProjectConfig,
  { projectFolder, stateFolder }: { projectFolder: string; stateFolder: string },
): Promise<string> {
  const { stateKeystore } = await import('@portreeve/server');
  const keystore = stateKeystore({ config, projectFolder, stateFolder });
  let value = (await keystore.fetch(name))?.value;
  if (value === undefined) {
    const word = randomBytes(32).toString('base64url');
    value = form === 'login' ? JSON.stringify({ username: name, password: word }) : word;
    await keystore.set(name, value);
  }
  const file = join(folder, `${name}.secret`);
  await writeFile(file, value, { mode: 0o600 });
  return file;
}

function listening(child: ChildProcess, system: string): Promise<string> {
  return new Promise((done, failed) => {
    const fail = (why: string) =>
      failed(
        new PortreeveError('unavailable', `The companion ${system} ${why}.`, {
          next: 'Start its command by hand to see what it says.',
        }),
      );
    const timer = setTimeout(() => fail('did not say where it listens'), START_MS);
    child.once('error', () => fail('could not be started'));
    child.once('exit', (code) => fail(`ended at once with code ${code}`));
    if (!child.stdout) return fail('has no output');
    const lines = createInterface({ input: child.stdout });
    lines.once('line', (line) => {
      clearTimeout(timer);
      try {
        done((JSON.parse(line) as { listening: string }).listening);
      } catch {
        fail('printed something else than where it listens');
      }
    });
  });
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((done) => {
    child.once('exit', () => done());
    child.stdin?.end();
    child.kill('SIGTERM');
  });
}
