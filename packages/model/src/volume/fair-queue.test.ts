import { expect, test } from 'vitest';
import { FairQueue, type Priority } from './fair-queue.ts';

const item = (workflow: string, priority: Priority = 'background', n = 0) => ({ workflow, priority, n });
const drain = <T extends { workflow: string; priority: Priority }>(queue: FairQueue<T>): T[] => {
  const taken: T[] = [];
  for (let next = queue.shift(); next; next = queue.shift()) taken.push(next);
  return taken;
};

test('E5: a workflow that asks a thousand times does not keep another waiting', () => {
  const queue = new FairQueue<ReturnType<typeof item>>();
  for (let n = 0; n < 1000; n++) queue.push(item('greedy', 'background', n));
  for (let n = 0; n < 3; n++) queue.push(item('modest', 'background', n));
  const order = drain(queue);
  expect(order.slice(0, 6).map(({ workflow }) => workflow)).toEqual(Array(3).fill(['greedy', 'modest']).flat());
  expect(order).toHaveLength(1003);
  const greedy = order.filter(({ workflow }) => workflow === 'greedy').map(({ n }) => n);
  expect(greedy).toEqual([...greedy].sort((a, b) => a - b));
});

test('E5: who is waited for comes first, and the others are not starved', () => {
  const queue = new FairQueue<ReturnType<typeof item>>();
  for (let n = 0; n < 5; n++) queue.push(item('batch'));
  for (let n = 0; n < 20; n++) queue.push(item('chat', 'person'));
  const order = drain(queue)
    .map(({ priority }) => (priority === 'person' ? 'p' : 'b'))
    .join('');
  expect(order).toBe('ppppbppppbppppbppppbppppb');
});

test('E5: one that could not go is the next again', () => {
  const queue = new FairQueue<ReturnType<typeof item>>();
  for (const workflow of ['a', 'a', 'b', 'c']) queue.push(item(workflow));
  const first = queue.shift();
  if (first) queue.unshift(first);
  expect(queue.size).toBe(4);
  expect(drain(queue).map(({ workflow }) => workflow)).toEqual(['a', 'b', 'c', 'a']);
});

test('E5: one that is not waited for any more is gone', () => {
  const queue = new FairQueue<ReturnType<typeof item>>();
  const [a, b] = [item('a'), item('b')];
  queue.push(a);
  queue.push(b);
  expect([queue.delete(a), queue.delete(a)]).toEqual([true, false]);
  expect(drain(queue)).toEqual([b]);
  expect(queue.size).toBe(0);
});
