import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { build } from 'vite';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Builds the console into a folder, which is emptied before. Names of scripts and styles carry their content's digest.
 * Needs the development dependencies of this package; a published package brings `dist`, which this has made.
 */
export async function buildConsole(outDir: string): Promise<void> {
  const { NODE_ENV } = process.env;
  // Whatever the process that builds is for: React's own checks are twice the code, and slow.
  process.env.NODE_ENV = 'production';
  try {
    await build({
      root: ROOT,
      configFile: false,
      logLevel: 'error',
      plugins: [react()],
      build: {
        outDir,
        emptyOutDir: true,
        target: 'es2023',
        // What would be written into the document or a style is a file: the page may load nothing else.
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
        reportCompressedSize: false,
      },
    });
  } finally {
    if (NODE_ENV === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = NODE_ENV;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildConsole(process.argv[2] ?? fileURLToPath(new URL('../../dist', import.meta.url)));
}
