import { fixedClock } from '@portreeve/contract';
import { expect, test } from 'vitest';
import { cachedToken } from './token.ts';

function given(life_ms: number) {
  const clock = fixedClock('2026-11-20T08:00:00Z');
  let made = 0;
  const source = cachedToken(
    async () => ({ token: `token-${++made}`, expires_at: clock.now().getTime() + life_ms }),
    clock,
  );
  return { clock, source, made: () => made };
}

test('E9: a token is exchanged once, however many ask at once, and again shortly before its end', async () => {
  const { clock, source, made } = given(600_000);
  expect(await Promise.all([source.get(), source.get(), source.get()])).toEqual(['token-1', 'token-1', 'token-1']);
  clock.advance(539_999);
  expect(await source.get()).toBe('token-1');
  clock.advance(1);
  expect(await source.get()).toBe('token-2');
  expect(made()).toBe(2);
});

test('E9: a short-lived token is used for four fifths of its life', async () => {
  const { clock, source } = given(10_000);
  await source.get();
  clock.advance(7999);
  expect(await source.get()).toBe('token-1');
  clock.advance(1);
  expect(await source.get()).toBe('token-2');
});

test('E9: only the token in use is given back; a failed exchange is tried again', async () => {
  const { source } = given(600_000);
  await source.get();
  source.rejected('an older one');
  expect(await source.get()).toBe('token-1');
  source.rejected('token-1');
  expect(await source.get()).toBe('token-2');
  const clock = fixedClock('2026-11-20T08:00:00Z');
  let tries = 0;
  const failing = cachedToken(async () => {
    if (++tries === 1) throw new Error('no answer');
    return { token: 't', expires_at: clock.now().getTime() + 60_000 };
  }, clock);
  await expect(failing.get()).rejects.toThrow('no answer');
  expect(await failing.get()).toBe('t');
});

test('E9: a token that has expired already is refused, and not used', async () => {
  await expect(given(0).source.get()).rejects.toMatchObject({ name: 'ProviderError', kind: 'credential' });
});
