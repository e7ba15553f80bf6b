import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { PortreeveError } from '@portreeve/contract';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};
const FILES_MAX = 200;
const BYTES_MAX = 4 * 1024 * 1024;

/** One file of the console, as it is sent. */
export interface BundleFile {
  /** From the root of the server, such as `/assets/app.js`. */
  readonly path: string;
  readonly type: string;
  readonly bytes: Buffer;
  readonly gzipped: Buffer;
  /** Strong (RFC 9110, 8.8.3): of the bytes before they were compressed. */
  readonly etag: string;
}

/**
 * Reads a built console into memory: what is served is what was there at the start, and no address reaches the file
 * system. Throws `misconfigured` for a folder that holds anything else than a console.
 */
export async function readBundle(folder: string): Promise<BundleFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
    throw new PortreeveError('misconfigured', 'The folder of the console cannot be read.', { cause });
  });
  const names = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  if (names.length > FILES_MAX) throw new PortreeveError('misconfigured', 'The folder of the console holds too much.');
  const files = await Promise.all(names.map((name) => bundleFile(folder, name)));
  if (!files.some(({ path }) => path === '/index.html'))
    throw new PortreeveError('misconfigured', 'The folder of the console has no index.html.');
  return files;
}

async function bundleFile(folder: string, name: string): Promise<BundleFile> {
  const path = `/${relative(folder, name).split(sep).join('/')}`;
  const type = TYPES[extname(name)];
  if (type === undefined)
    throw new PortreeveError('misconfigured', `The console holds ${path}, which is no file of a console.`);
  const bytes = await readFile(name);
  if (bytes.length > BYTES_MAX) throw new PortreeveError('misconfigured', `${path} of the console is too large.`);
  const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 27)}"`;
  return { path, type, bytes, gzipped: await promisify(gzip)(bytes, { level: 9 }), etag };
}
