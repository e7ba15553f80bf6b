import { EXIT } from './failure.ts';

/** Resolves at the first signal that ends a process; the second one ends it at once. */
export function untilInterrupted(options: { readonly json?: boolean }): Promise<void> {
  return new Promise((done) => {
    let stopping = false;
    const interrupted = () => {
      if (stopping) process.exit(EXIT.failed);
      stopping = true;
      if (!options.json) console.error('\nstopping…');
      done();
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupted);
  });
}
