import { PortreeveError } from '@portreeve/contract';

/**
 * Lets `running` calls work at once and `waiting` more stand in line; whoever comes after that is turned away at once
 * with `unavailable`. Password hashing is dear on purpose, so a flood of sign-ins must not take every thread.
 */
export function limiter(limits: { running: number; waiting: number }): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const line: (() => void)[] = [];
  return async (work) => {
    if (running >= limits.running) {
      if (line.length >= limits.waiting) throw new PortreeveError('unavailable', 'Too many sign-ins at once.');
      // Whoever leaves hands the place on, so `running` stays as it is.
      await new Promise<void>((go) => line.push(go));
    } else {
      running += 1;
    }
    try {
      return await work();
    } finally {
      const next = line.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
