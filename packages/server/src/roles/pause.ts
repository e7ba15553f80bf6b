/** Resolves after so many milliseconds, or as soon as what `wake` is given is called. */
export function pauseFor(ms: number, wake: (call: () => void) => void): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(done, ms);
    wake(() => {
      clearTimeout(timer);
      done();
    });
  });
}
