import type { ReplayStore } from '../grant/replay.ts';

/**
 * Sends one command and gives its answer: `(...words) => client.sendCommand(words)` with node-redis,
 * `(...words) => client.call(...words)` with ioredis.
 */
export type RedisCommand = (...words: [string, ...string[]]) => Promise<unknown>;

/**
 * Remembers used grants in Redis 6.2 or Valkey: `SET … NX PXAT`, which decides who was first. What Redis forgets can be
 * used again: give it `maxmemory-policy noeviction` and persistence, and mind that a fail-over may lose the last writes.
 */
export function redisReplayStore(command: RedisCommand, prefix = 'portreeve:grant:'): ReplayStore {
  return {
    async use(jti, expiresAt) {
      const answer = await command('SET', prefix + jti, '1', 'NX', 'PXAT', String(expiresAt.getTime()));
      if (answer === 'OK') return true;
      if (answer === null || answer === undefined) return false;
      throw new TypeError('Redis did not answer as SET does');
    },
  };
}
