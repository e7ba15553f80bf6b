import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Healthcheck } from 'dockerfile-ast';
import { expect, test } from 'vitest';
import { ROOT } from '../repository.ts';
import { faultsOf, finalStage, named, stagesOf } from './dockerfile.ts';

const text = readFileSync(join(ROOT, 'deploy/Dockerfile'), 'utf8');

test('J5: the Dockerfile keeps the rules: pinned, no secrets, no shell in the end, no root', () => {
  expect(faultsOf(text)).toEqual([]);
});

test.each([
  ['FROM node:24.21.0-bookworm-slim AS build', 'FROM node:latest AS build', 'DL3006'],
  ['COPY . .', 'ADD . .', 'DL3020'],
  ['USER 10001:10001', 'USER root', 'DL3002'],
  ['USER 10001:10001', 'USER 0:0', 'DL3002'],
  ['WORKDIR /app/project', 'WORKDIR project', 'DL3000'],
  ['ENV NODE_ENV=production', 'ENV ANTHROPIC_API_KEY=x', 'with a secret'],
  ['CMD ["serve", "--log", "stdout", "--host", "0.0.0.0"]', 'CMD serve', 'DL3025'],
  ['COPY --from=build /src/build/rootfs /', 'COPY --from=debian /bin/sh /bin/sh', 'DL3022'],
  ['EXPOSE 7410', 'RUN chmod 777 /app', 'holds a shell'],
  ['RUN npm ci && npm run image', 'RUN curl -fsS https://example.org/install | sh', 'no lock file'],
])('the rules see %s become %s', (before, after, fault) => {
  expect(text).toContain(before);
  expect(faultsOf(text.replace(before, after)).join('\n')).toContain(fault);
});

test('J5: what the image starts is there, and its check asks an address that the server has', () => {
  const { entrypoint, command } = finalStage(text);
  expect(entrypoint.slice(0, 2)).toEqual(['/usr/bin/node', '/app/node_modules/portreeve/bin/portreeve.mjs']);
  expect(existsSync(join(ROOT, 'packages/cli/bin/portreeve.mjs'))).toBe(true);
  expect(command).toContain('serve');
  const check = named<Healthcheck>(stagesOf(text).at(-1)!, 'HEALTHCHECK')[0]?.getArgumentsContent() ?? '';
  expect(check).toContain('http://127.0.0.1:7410/healthz');
});
