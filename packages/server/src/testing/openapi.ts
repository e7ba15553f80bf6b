import { pino } from 'pino';
import { buildApp } from '../http/app.ts';
import type { Services } from '../services.ts';

/** The OpenAPI document, as `/openapi.json` gives it: it needs no service behind it. */
export async function openApiDocument(): Promise<unknown> {
  const mcp = { per_minute: 1, hosts: new Set() };
  const services = { info: { version: '0.0.0' }, mcp } as unknown as Services;
  const app = await buildApp(services, pino({ level: 'silent' }));
  const answer = await app.inject({ method: 'GET', url: '/openapi.json' });
  await app.close();
  return answer.json();
}
