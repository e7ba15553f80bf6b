import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { withProgress } from './progress.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const terminal = (isTTY: boolean, columns = 0) => {
  const written: string[] = [];
  return { isTTY, columns, written, write: (text: string) => written.push(text) };
};
const CLEAR = '\r\u001b[2K';

test('I2: in a terminal long work says what it does, how far it is and for how long, and leaves nothing behind', async () => {
  const screen = terminal(true);
  const { promise, resolve } = Promise.withResolvers<string>();
  const done = withProgress(
    {},
    'exporting',
    (progress) => {
      progress.at('12\u001b[2J records');
      return promise;
    },
    screen,
  );
  await vi.advanceTimersByTimeAsync(999);
  expect(screen.written).toEqual([]);
  await vi.advanceTimersByTimeAsync(1001);
  expect(screen.written[0]).toBe(`${CLEAR}exporting: 12\\u{1b}[2J records (1 s)`);
  expect(screen.written.at(-1)).toBe(`${CLEAR}exporting: 12\\u{1b}[2J records (2 s)`);
  resolve('made');
  expect(await done).toBe('made');
  expect(screen.written.at(-1)).toBe(CLEAR);
  const { length } = screen.written;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(screen.written).toHaveLength(length);
});

test('I2: a line of the output does not run into it', async () => {
  const screen = terminal(true);
  const order: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((line) => void order.push(line));
  await withProgress(
    {},
    'attacking',
    async (progress) => {
      await vi.advanceTimersByTimeAsync(1250);
      order.push(...screen.written);
      progress.say('a finding');
      expect(screen.written.at(-1)).toBe(CLEAR);
    },
    screen,
  );
  expect(order.at(-1)).toBe('a finding');
});

test('I2: where nobody sits a log hears of it twice a minute, of short work nothing, and a program never', async () => {
  const log = terminal(false);
  const long = withProgress({}, 'backing up', () => new Promise((resolve) => setTimeout(resolve, 65_000)), log);
  await vi.advanceTimersByTimeAsync(65_000);
  await long;
  expect(log.written).toEqual(['backing up (30 s)\n', 'backing up (60 s)\n']);

  const silent = terminal(true);
  const quick = withProgress({}, 'migrating', async () => 1, silent);
  expect(await quick).toBe(1);
  const json = withProgress({ json: true }, 'x', () => new Promise((resolve) => setTimeout(resolve, 65_000)), silent);
  await vi.advanceTimersByTimeAsync(65_000);
  await json;
  expect(silent.written).toEqual([]);
});

test('I2: in a narrow terminal it stays one line', async () => {
  const screen = terminal(true, 12);
  const done = withProgress(
    {},
    'verifying the record',
    () => new Promise((resolve) => setTimeout(resolve, 1500)),
    screen,
  );
  await vi.advanceTimersByTimeAsync(1500);
  await done;
  expect(screen.written[0]).toBe(`${CLEAR}verifying t`);
});

test('I2: work that fails leaves nothing behind either', async () => {
  const screen = terminal(true);
  const failed = withProgress(
    {},
    'restoring',
    async () => {
      await vi.advanceTimersByTimeAsync(2000);
      throw new Error('the disk is full');
    },
    screen,
  );
  await expect(failed).rejects.toThrow('the disk is full');
  expect(screen.written.at(-1)).toBe(CLEAR);
});
