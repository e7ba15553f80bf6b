import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PortreeveError, type ProjectConfig } from '@portreeve/contract';
import type { SecretFolder } from '@portreeve/server';

export interface Companions {
  readonly systems: ProjectConfig['systems'];
  stop(): Promise<void>;
}

const START_MS = 20_000;

/** Starts the companion processes of a project and waits until each says where it listens. They end with this process. */
export async function startCompanions(
  config: ProjectConfig,
  options: { projectFolder: string; stateFolder: string; jwks: string },
): Promise<Companions> {
  if (config.companions.length > 0 && config.environment === 'production') {
    throw new PortreeveError('misconfigured', 'Companion processes are for trying things out, not for production.');
  }
  const { secretFolder } = await import('@portreeve/server');
  const secrets = secretFolder(options.stateFolder);
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
        words.push(await fill(word, { state, ...options, issuer: `urn:portreeve:${config.environment}` }, secrets));
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
  values: { state: string; issuer: string; jwks: string; stateFolder: string },
  secrets: SecretFolder,
): Promise<string> {
  const secret = /^\{secret:([a-z0-9_-]+)\}$/.exec(word)?.[1];
  if (secret) {
    if ((await secrets.read(secret)) === null) await secrets.write(secret, randomBytes(32).toString('base64url'));
    return join(values.stateFolder, 'secrets', secret);
  }
  return word.replace('{state}', values.state).replace('{issuer}', values.issuer).replace('{jwks}', values.jwks);
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
