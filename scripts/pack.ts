// npm run pack [-- FOLDER]: the tarballs that `npm publish` takes, in build/tarballs.
import { outFolder } from './lib/out-folder.ts';
import { pack } from './lib/pack.ts';

for (const { file } of await pack(outFolder())) console.log(file);
