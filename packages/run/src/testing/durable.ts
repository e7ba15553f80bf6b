import type { Json } from '@portreeve/contract';
import { isOutage } from '../engine.ts';
import type { Durable } from '../ports.ts';

/** As the engine does it, without waiting in between. */
async function untilAnswered<T>(fn: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await fn();
    } catch (error) {
      if (!isOutage(error)) throw error;
    }
  }
}

/** Where a process dies: before a step's work, or after it and before its end is remembered. */
export interface CrashAt {
  /** The number of the step or wait, from 0. */
  readonly step: number;
  readonly when: 'before' | 'after';
}

interface Entry {
  readonly name: string;
  readonly value?: Json;
  readonly error?: string;
}

/** The durable engine in memory: what steps gave outlives the processes that run them. */
export interface MemoryDurable {
  /** Names of the steps and waits whose end is remembered, in order. */
  readonly finished: readonly string[];
  /**
   * Runs `work` in a new process. Remembered steps give what they gave and are not run again. `crashed` where the process
   * died at the place named; nothing of it goes on from there.
   */
  process(
    work: (durable: Durable) => Promise<void>,
    options?: { readonly crash?: CrashAt; readonly onWait?: (topic: string, until: Date) => Promise<void> },
  ): Promise<'ended' | 'crashed'>;
}

export function memoryDurable(): MemoryDurable {
  const entries: Entry[] = [];
  return {
    get finished() {
      return entries.map((entry) => entry.name);
    },
    async process(work, { crash, onWait = async () => undefined } = {}) {
      let position = 0;
      let die!: (how: 'crashed') => void;
      const dead = new Promise<'crashed'>((resolve) => {
        die = resolve;
      });
      const gone = (): Promise<never> => {
        die('crashed');
        return new Promise(() => undefined);
      };

      async function remembered<T extends Json>(name: string, fn: () => Promise<T>): Promise<T> {
        const index = position++;
        const known = entries[index];
        if (known) {
          if (known.name !== name) throw new TypeError(`step ${index} was ${known.name} and is ${name} now`);
          // An error comes back as its text: its class does not cross the engine.
          if (known.error !== undefined) throw new Error(known.error);
          return known.value as T;
        }
        if (crash?.step === index && crash.when === 'before') return gone();
        const ended = await untilAnswered(fn).then(
          (value) => ({ value: JSON.parse(JSON.stringify(value)) as T }),
          (thrown: unknown) => ({ thrown }),
        );
        if (crash?.step === index) return gone();
        if ('thrown' in ended) {
          entries[index] = { name, error: ended.thrown instanceof Error ? ended.thrown.message : String(ended.thrown) };
          throw ended.thrown;
        }
        entries[index] = { name, value: ended.value };
        return ended.value;
      }

      const durable: Durable = {
        step: remembered,
        read: untilAnswered,
        async wait(topic, until) {
          await remembered(`wait for ${topic.split(':')[0]}`, async () => {
            await onWait(topic, until);
            return null;
          });
        },
      };
      return Promise.race([work(durable).then(() => 'ended' as const), dead]);
    },
  };
}
