// Adds to package-lock.json the entries of optional platform packages that the registry in use does not carry, so that
// `npm ci` accepts the lock file everywhere. Run it after every `npm install` (plain Node, no dependencies):
//   node scripts/complete-lock.mjs
import { readFileSync, writeFileSync } from 'node:fs';

const OS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const CPU = ['arm64', 'arm', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64'];

const file = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(file, 'utf8'));
const added = [];

for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
    if (found(path, name)) continue;
    const words = name.replace(/^@[^/]+\//, '').split(/[-.]/);
    const os = OS.filter((each) => words.includes(each));
    const cpu = CPU.filter((each) => words.includes(each));
    const libc = name.includes('musl') ? 'musl' : name.includes('gnu') ? 'glibc' : null;
    const version = /^[~^]?(\d+\.\d+\.\d+[^\s]*)$/.exec(range)?.[1];
    if (!version || (os.length === 0 && cpu.length === 0))
      throw new Error(`${name}@${range}: which platform is it for?`);
    lock.packages[`node_modules/${name}`] = {
      version,
      ...(cpu.length > 0 ? { cpu } : {}),
      ...(entry.dev ? { dev: true } : {}),
      ...(libc ? { libc: [libc] } : {}),
      optional: true,
      ...(os.length > 0 ? { os } : {}),
    };
    added.push(name);
  }
}

const sorted = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(file, `${JSON.stringify({ ...lock, packages: sorted }, null, 2)}\n`);
console.log(added.length > 0 ? `added: ${added.join(', ')}` : 'nothing to add');

/** Whether a package that stands at `path` finds `name` in the tree, as Node looks for it: in each folder upwards. */
function found(path, name) {
  const folders = path.split('/node_modules/');
  return (
    folders.some((_, depth) => lock.packages[[...folders.slice(0, depth + 1), name].join('/node_modules/')]) ||
    Boolean(lock.packages[`node_modules/${name}`])
  );
}
