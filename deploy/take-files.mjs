// node take-files.mjs FROM TO: copies each file of a mounted folder of secrets to one that is ours, readable by us alone.
// Kubernetes mounts secrets so that a group may read them; a password file or a key is refused unless only its owner may.
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [from, to] = process.argv.slice(2);
if (!from || !to) {
  console.error('usage: node take-files.mjs FROM TO');
  process.exit(2);
}
mkdirSync(to, { recursive: true, mode: 0o700 });
for (const name of readdirSync(from)) {
  // `..data` and its like are how Kubernetes swaps the files of a mount.
  if (name.startsWith('.') || !statSync(join(from, name)).isFile()) continue;
  const place = join(to, name);
  rmSync(place, { force: true });
  writeFileSync(place, readFileSync(join(from, name)), { mode: 0o600, flag: 'wx' });
}
