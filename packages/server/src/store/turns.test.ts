import { expect, test } from 'vitest';
import { createTurns } from './turns.ts';

test('so many at once, the others in order, and nobody for longer than they wait', async () => {
  const turns = createTurns(2);
  const [first, second] = [await turns.take(1000), await turns.take(1000)];
  expect(await turns.take(1)).toBeNull();
  const order: string[] = [];
  const third = turns.take(1000).then((back) => {
    order.push('third');
    return back;
  });
  const fourth = turns.take(1000).then((back) => {
    order.push('fourth');
    return back;
  });
  first?.();
  // Given back once.
  first?.();
  const third_ = await third;
  expect(order).toEqual(['third']);
  second?.();
  const fourth_ = await fourth;
  expect(order).toEqual(['third', 'fourth']);
  expect(await turns.take(1)).toBeNull();
  third_?.();
  fourth_?.();
  expect(await turns.take(1)).not.toBeNull();
  expect(await turns.take(1)).not.toBeNull();
  expect(await turns.take(1)).toBeNull();
});
