/** How a step of a start is taken back. */
export type Undo = (() => Promise<unknown>)[];

/**
 * Starts something step by step, each of which says how it is undone. `unwind` undoes them in reverse, once, however often it
 * is called; where the start fails, what was started is undone.
 */
export async function inSteps<T>(start: (undo: Undo, unwind: () => Promise<void>) => Promise<T>): Promise<T> {
  const undo: Undo = [];
  let ending: Promise<void> | null = null;
  const unwind = () => {
    ending ??= (async () => {
      for (const step of undo.splice(0).reverse()) await step().catch(() => undefined);
    })();
    return ending;
  };
  try {
    return await start(undo, unwind);
  } catch (error) {
    await unwind();
    throw error;
  }
}
