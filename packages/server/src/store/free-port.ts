import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Below the ports that systems hand out by themselves (32768 and up on Linux, 49152 elsewhere): whoever asks for any
 * port, and whoever connects, gets none of these, so one stays free between being chosen and being taken, and while
 * what listened on it starts again.
 */
const FROM = 20_000;
const TO = 32_768;
const given = new Set<number>();

/** A port of the loopback address on which nothing listens, for what must be told its port before it takes it. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = randomInt(FROM, TO);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
  throw new Error(`Of a hundred ports between ${FROM} and ${TO} none is free.`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const probe = createServer();
    probe.once('error', () => done(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => done(true)));
  });
}
