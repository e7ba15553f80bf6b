import { pino } from 'pino';
import { buildApp } from '../http/app.ts';
import type { Services } from '../services.ts';

/** What Fastify itself serves, as `GET /v1/runs/:id`: read from its router and not from our table. */
export async function servedRoutes(services: Services): Promise<string[]> {
  const app = await buildApp(services, pino({ level: 'silent' }));
  // With common prefixes: without them the router leaves out what stands before a `*`.
  const tree = app.printRoutes();
  await app.close();
  const path: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const match = /^([\u2500-\u257f ]*)(\S+)(?: \(([A-Z, ]+)\))?$/u.exec(line);
    if (!match) {
      if (line.trim() === '') return [];
      throw new Error(`the router printed a line that cannot be read: ${line}`);
    }
    const [, indent = '', segment = '', methods] = match;
    const depth = indent.length / 4 - 1;
    path.splice(depth, path.length, segment);
    return methods === undefined ? [] : methods.split(', ').map((method) => `${method} ${path.join('')}`);
  });
}
