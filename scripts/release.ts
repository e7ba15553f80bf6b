// npm run release -- --key FILE --builder URI [--out FOLDER]: what is published of one version, in build/release: the
// tarballs, the files of the image by their sums, what both are made of (CycloneDX), the sums of all this, and where it comes
// from (in-toto, SLSA provenance in a DSSE envelope), signed with an Ed25519 key. It publishes nothing.

import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from './lib/packages.ts';
import { release } from './lib/release.ts';

const { key, builder, out, dirty } = parseArgs({
  options: {
    key: { type: 'string' },
    builder: { type: 'string' },
    out: { type: 'string', default: join(ROOT, 'build') },
    dirty: { type: 'boolean', default: false },
  },
}).values;
if (!key || !builder) {
  console.error('usage: npm run release -- --key FILE --builder URI [--out FOLDER] [--dirty]');
  process.exit(2);
}
const made = await release({ keyFile: resolve(key), builder, out: resolve(out), dirty });
console.log(`${made.folder}\n  ${made.files.join('\n  ')}\nsigned by ${made.keyId}`);
