import { fixedClock } from '@portreeve/contract';
import { expect, test } from 'vitest';
import { ProviderError } from './ports.ts';
import { createResilience } from './resilience.ts';

test('C5 E4: the circuit tells when it opens, and each answer tells that the endpoint is back', async () => {
  const clock = fixedClock('2026-11-20T10:00:00Z');
  const told: string[] = [];
  const resilience = createResilience(
    clock,
    { attempts_max: 1, breaker_failures: 2, breaker_half_open_after_ms: 1000 },
    async () => undefined,
    (state) => told.push(state),
  );
  const limits = () => ({ deadline: clock.now().getTime() + 60_000, signal: new AbortController().signal });
  const silent = async () => {
    throw new ProviderError('status', 'down', { transient: true, status: 503 });
  };
  await expect(resilience.run(silent, limits())).rejects.toThrow();
  expect(told).toEqual([]);
  await expect(resilience.run(silent, limits())).rejects.toThrow();
  expect(told).toEqual(['silent']);
  await expect(resilience.run(async () => 'hello', limits())).rejects.toThrow();
  clock.advance(1001);
  expect(await resilience.run(async () => 'hello', limits())).toBe('hello');
  expect(told).toEqual(['silent', 'answers']);
});
