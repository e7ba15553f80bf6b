import { wfQueueRunner } from '@dbos-inc/dbos-sdk/internal/wfqueue';

/** So far may the wall clock part from the monotonic one between two looks: a slew is far smaller, a step is larger. */
const STEP_MS = 1000;
const LOOK_EVERY_MS = 100;

/**
 * Keeps the engine taking runs from the queue when the wall clock is set back. The engine reckons by it when to look next and
 * sleeps until then, so a clock that falls back by half an hour would leave the queue alone for half an hour: its loop is begun
 * anew instead, in which nothing of the old time is left. Call it before the engine is launched; `end` before it is shut down.
 */
export function throughClockSteps(log: (message: string) => void): { end(): void } {
  const loop = wfQueueRunner.dispatchLoop;
  let anew = false;
  let ended = false;
  wfQueueRunner.dispatchLoop = async (...given) => {
    do {
      anew = false;
      await loop.apply(wfQueueRunner, given);
    } while (anew && !ended);
  };
  // The monotonic clock knows no steps.
  const gap = () => Date.now() - performance.now();
  let last = gap();
  const timer = setInterval(() => {
    const now = gap();
    const step_ms = Math.round(now - last);
    last = now;
    if (Math.abs(step_ms) < STEP_MS) return;
    log(`the clock was set ${step_ms > 0 ? 'ahead' : 'back'} by ${Math.abs(step_ms)} ms`);
    if (step_ms > 0) return;
    anew = true;
    wfQueueRunner.stop();
  }, LOOK_EVERY_MS);
  timer.unref();
  return {
    end() {
      ended = true;
      clearInterval(timer);
      wfQueueRunner.dispatchLoop = loop;
    },
  };
}
