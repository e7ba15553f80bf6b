// npm run image [-- FOLDER]: the file system of the container image, in build/rootfs (see deploy/Dockerfile).
import { build } from './lib/build.ts';
import { assembleImage } from './lib/image.ts';
import { outFolder } from './lib/out-folder.ts';

const out = outFolder();
console.log(await assembleImage(out, await build(out)));
