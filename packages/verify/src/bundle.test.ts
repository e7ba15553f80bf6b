import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { describe, expect, test } from 'vitest';
import { ARGS, AUDIENCE, claims, ISSUER, jwks, ORIGIN, prove, sign, TOOL } from './testing/make-grant.ts';

/** What the whole of the grant side may weigh, minified, without jose. */
const BYTES_MAX = 10 * 1024;

async function bundle(entries: Record<string, string>, options: { jose: 'inside' | 'outside' }): Promise<string> {
  const id = '\0entries';
  const text = Object.entries(entries)
    .map(([name, path]) => {
      const file = JSON.stringify(fileURLToPath(new URL(path, import.meta.url)));
      return name === 'grant' || Object.keys(entries).length === 1
        ? `export * from ${file};`
        : name in FRAMEWORKS
          ? `export { requireGrant as ${name} } from ${file};`
          : `export * from ${file};`;
    })
    .join('\n');
  const build = await rolldown({
    input: id,
    platform: 'neutral',
    resolve: { conditionNames: ['workerd', 'browser', 'import', 'default'], mainFields: ['module', 'main'] },
    external: options.jose === 'outside' ? ['jose'] : [],
    plugins: [
      {
        name: 'entries',
        resolveId: (source) => (source === id ? id : null),
        load: (source) => (source === id ? text : null),
      },
    ],
    onLog: (_level, log) => {
      throw new Error(log.message);
    },
  });
  const { output } = await build.generate({
    format: options.jose === 'outside' ? 'es' : 'iife',
    name: 'bundled',
    minify: true,
  });
  await build.close();
  expect(output).toHaveLength(1);
  return output[0].code;
}

const FRAMEWORKS = { hono: true, express: true, fastify: true };
const EDGE = {
  grant: './grant/index.ts',
  hono: './adapters/hono.ts',
  postgres: './adapters/postgres.ts',
  redis: './adapters/redis.ts',
};
const ALL = { ...EDGE, express: './adapters/express.ts', fastify: './adapters/fastify.ts' };

describe('F11: the library is small and runs at the edge', () => {
  test('the verifier with every adapter and store is under 10 KB minified, without jose', async () => {
    const sizes: Record<string, number> = {};
    for (const [name, path] of Object.entries(ALL))
      sizes[name] = Buffer.byteLength(await bundle({ [name]: path }, { jose: 'outside' }));
    const whole = await bundle(ALL, { jose: 'outside' });
    sizes.all = Buffer.byteLength(whole);
    console.log(`@portreeve/verify, bytes minified: ${JSON.stringify(sizes)}, all gzipped: ${gzipSync(whole).length}`);
    expect(sizes.all).toBeLessThan(BYTES_MAX);
    const imported = [...whole.matchAll(/from\s*["']([^"']+)["']/g)].map(([, name]) => name);
    expect(new Set(imported)).toEqual(new Set(['jose']));
  });

  test('it verifies a grant in a context that has the web platform and nothing of Node', async () => {
    const code = await bundle(EDGE, { jose: 'inside' });
    expect(code).not.toMatch(/["']node:|\brequire\s*\(/);
    const web = {
      ...{ crypto, URL, URLSearchParams, TextEncoder, TextDecoder, Headers, Request, Response, fetch, atob, btoa },
      ...{
        AbortSignal,
        AbortController,
        ReadableStream,
        setTimeout,
        clearTimeout,
        CryptoKey,
        structuredClone,
        Uint8Array,
      },
    };
    const context = createContext(
      { ...web, given: await granted() },
      { codeGeneration: { strings: false, wasm: false } },
    );
    runInContext(`"use strict";${code};globalThis.bundled = bundled;`, context);
    const run = runInContext(
      `(async () => {
        if (typeof process !== 'undefined' || typeof Buffer !== 'undefined' || typeof require !== 'undefined') throw new Error('this is Node');
        const { createGrantVerifier, memoryReplayStore, withGrant } = bundled;
        const { jwks, issuer, audience, origin, tool, headers, body } = given;
        const verifier = createGrantVerifier({ jwks: JSON.parse(jwks), issuer, audience, origin, replay: memoryReplayStore() });
        const handler = withGrant(verifier, { tool }, (_, { grant, args }) => Response.json({ by: grant.subject, args }));
        const ask = () => handler(new Request(origin + '/publish', { method: 'POST', headers: JSON.parse(headers), body }));
        const answers = [];
        for (let i = 0; i < 2; i++) { const answer = await ask(); answers.push([answer.status, await answer.text()]); }
        return JSON.stringify(answers);
      })()`,
      context,
    ) as Promise<string>;
    const [[status, text], [again]] = JSON.parse(await run) as [[number, string], [number, string]];
    expect([status, again]).toEqual([200, 409]);
    expect(JSON.parse(text)).toEqual({ by: 'prn_ana', args: ARGS });
  });
});

async function granted() {
  const now = new Date();
  const token = await sign(claims(now));
  const proof = await prove(token, now, { method: 'POST', url: `${ORIGIN}/publish` });
  const headers = { 'content-type': 'application/json', 'Portreeve-Grant': token, DPoP: proof };
  return {
    jwks: JSON.stringify(jwks),
    ...{ issuer: ISSUER, audience: AUDIENCE, origin: ORIGIN, tool: TOOL },
    headers: JSON.stringify(headers),
    body: JSON.stringify(ARGS),
  };
}
