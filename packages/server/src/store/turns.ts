/** Lets so many work at once; the others wait for their turn, in order. */
export interface Turns {
  /** Resolves to what gives the turn back, or to null where none came within so many milliseconds. */
  take(within_ms: number): Promise<(() => void) | null>;
}

export function createTurns(most: number): Turns {
  let free = most;
  const waiting = new Set<() => void>();
  const giveBack = () => {
    const [next] = waiting;
    if (next) next();
    else free++;
  };
  /** Given back once, however often it is called. */
  const turn = () => {
    let isHeld = true;
    return () => {
      if (isHeld) giveBack();
      isHeld = false;
    };
  };
  return {
    async take(within_ms) {
      if (free > 0) {
        free--;
        return turn();
      }
      return new Promise((done) => {
        const late = setTimeout(() => {
          waiting.delete(called);
          done(null);
        }, within_ms);
        const called = () => {
          clearTimeout(late);
          waiting.delete(called);
          done(turn());
        };
        waiting.add(called);
      });
    },
  };
}
