import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { CONSOLE_PAGES } from './pages.ts';
import { type BundleFile, readBundle } from './read-bundle.ts';

/**
 * What a page of the console may do (CSP 3, Trusted Types): run the script of this server, speak to this server, and
 * stand in no frame. No script or style in the document itself, no string that becomes markup, nothing of anybody else.
 */
const CONSOLE_CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const HEADERS = {
  'content-security-policy': CONSOLE_CSP,
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
};

/** Serves the files of a built console, and its document at each page's address. Nothing else of the folder is there. */
export async function serveConsole(app: FastifyInstance, folder: string): Promise<void> {
  const files = await readBundle(folder);
  const index = files.find(({ path }) => path === '/index.html') as BundleFile;
  for (const file of files) {
    // Vite names what it puts there by its content, so a name never means anything else.
    const forever = file.path.startsWith('/assets/');
    if (file !== index) add(app, file.path, file, forever ? 'public, max-age=31536000, immutable' : 'no-cache');
  }
  for (const page of CONSOLE_PAGES) add(app, page, index, 'no-cache');
}

function add(app: FastifyInstance, url: string, file: BundleFile, cacheControl: string): void {
  app.get(url, { schema: { hide: true } }, async (request, reply) => {
    reply.headers({ ...HEADERS, 'cache-control': cacheControl, etag: file.etag, vary: 'accept-encoding' });
    return send(request, reply, file);
  });
}

function send(request: FastifyRequest, reply: FastifyReply, file: BundleFile): FastifyReply {
  if (request.headers['if-none-match'] === file.etag) return reply.code(304).send();
  reply.type(file.type);
  const gzip = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  if (!gzip) return reply.send(file.bytes);
  return reply.header('content-encoding', 'gzip').send(file.gzipped);
}
