// npm run build [-- FOLDER]: every package as it is published, in build/packages.
import { build } from './lib/build.ts';
import { outFolder } from './lib/out-folder.ts';

const out = outFolder();
for (const { name, manifest } of await build(out)) console.log(`${name} ${manifest.version}`);
