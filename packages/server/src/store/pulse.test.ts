import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type Pulse, startPulse } from './pulse.ts';

let pulse: Pulse | undefined;
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await pulse?.stop();
  for (const close of closing.splice(0)) await close();
});

/** Takes connections and says nothing, as a machine that hangs. */
async function silentServer(): Promise<string> {
  const sockets = new Set<{ destroy(): void }>();
  const server = createServer((socket) => sockets.add(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `postgresql://u:p@127.0.0.1:${(server.address() as AddressInfo).port}/x`;
}

const own = () => process.env.PORTREEVE_TEST_DATABASE_URL as string;

test('G3: who waits for a database that falls silent is told so, and who comes later at once', async () => {
  let now = 0;
  pulse = startPulse(await silentServer(), () => now);
  expect(await pulse.unlessSilent(async () => 'before')).toBe('before');
  const waiting = pulse.unlessSilent(() => new Promise(() => undefined));
  now = 5001;
  await expect(waiting).rejects.toMatchObject({
    code: 'audit_unavailable',
    detail: expect.stringContaining('5 seconds'),
  });
  let begun = false;
  const later = pulse.unlessSilent(async () => {
    begun = true;
  });
  await expect(later).rejects.toMatchObject({ code: 'audit_unavailable' });
  expect(begun).toBe(false);
});

test('G3: a database that answers again is asked again', async () => {
  let now = 0;
  pulse = startPulse(own(), () => now);
  now = 5001;
  await expect(pulse.unlessSilent(async () => 1)).rejects.toMatchObject({ code: 'audit_unavailable' });
  await expect.poll(() => pulse?.unlessSilent(async () => 1).catch(() => 0), { timeout: 5000 }).toBe(1);
});

test('what fails by itself fails as it does', async () => {
  pulse = startPulse(own());
  await expect(pulse.unlessSilent(() => Promise.reject(new TypeError('a bug')))).rejects.toThrow('a bug');
});
