import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const bin = fileURLToPath(new URL('../bin/portreeve.mjs', import.meta.url));

/** Nodes of this machine by major version: ours, and that which a stranger's shell would find. */
function nodes(): { path: string; major: number }[] {
  const candidates = ['/usr/bin/node', '/usr/local/bin/node', process.execPath].filter((path) => existsSync(path));
  return candidates.map((path) => ({
    path,
    major: Number(execFileSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' }).split('.')[0]),
  }));
}

const run = (node: string, args: readonly string[]) =>
  new Promise<{ code: number; out: string; err: string }>((done) => {
    const env = { ...process.env, NO_COLOR: '1', NODE_OPTIONS: '' };
    execFile(node, [bin, ...args], { env }, (error, out, err) => done({ code: Number(error?.code ?? 0), out, err }));
  });

const old = nodes().find((node) => node.major < 22);
if (!old) console.log('skipped: this machine has no Node older than 22 to start the command with');

test.skipIf(!old)('J1 I2: the command runs under an old Node by the one that npm brought', async () => {
  const help = await run(old?.path ?? '', ['--help']);
  expect(help).toMatchObject({ code: 0, err: '' });
  expect(help.out).toContain('Usage: portreeve');
  // Exit codes and both streams pass through.
  const wrong = await run(old?.path ?? '', ['no-such-command']);
  expect(wrong).toMatchObject({ code: 2, out: '' });
});

test('I2: the command runs under this Node', async () => {
  expect(await run(process.execPath, ['doctor', '--server', 'http://127.0.0.1:9', '--json'])).toMatchObject({
    code: 1,
  });
  expect(await run(process.execPath, ['no-such-command'])).toMatchObject({ code: 2, out: '' });
});

test('I2: who stops reading, as head does, gets no stack trace', async () => {
  const goesOn = `import(${JSON.stringify(new URL('nobody-reads.ts', import.meta.url).href)})
    .then(({ endWhereNobodyReads }) => { endWhereNobodyReads(); setInterval(() => console.log('more'), 5); })`;
  const child = spawn(process.execPath, ['-e', goesOn], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const code = await new Promise((done) => child.once('close', done));
  expect({ code, err }).toEqual({ code: 141, err: '' });
});
