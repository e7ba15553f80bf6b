import type { Digest, RunId } from '@portreeve/contract';
import type { PilotRuns, PilotStep, PilotStore } from '../pilot/ports.ts';

/** Pilots in memory. How runs have ended is as `ended` says. */
export function memoryPilotStore(
  ended: (runs: readonly RunId[]) => PilotRuns = () => ({ ended: 0, failed: 0 }),
): PilotStore & { snapshot(): () => void } {
  let steps = new Map<Digest, PilotStep>();
  const tried = new Map<Digest, string>();
  let runs = new Map<Digest, readonly RunId[]>();
  const get = async (release: Digest) => steps.get(release) ?? null;
  return {
    snapshot() {
      const before = { steps: new Map(steps), runs: new Map(runs) };
      return () => {
        ({ steps, runs } = before);
      };
    },
    async enter(_tx, step) {
      steps.set(step.release, { ...step, taken: 0 });
      runs.set(step.release, []);
      tried.set(step.release, step.workflow);
    },
    async leave(_tx, release) {
      steps.delete(release);
    },
    get,
    lock: (_tx, release) => get(release),
    async count(_tx, release, run) {
      const step = steps.get(release);
      if (!step || step.taken >= step.rollout[step.index]!.runs_max) throw new TypeError('the step takes no more');
      steps.set(release, { ...step, taken: step.taken + 1 });
      runs.set(release, [...(runs.get(release) ?? []), run]);
    },
    runs: async (release) => ended(steps.has(release) ? (runs.get(release) ?? []) : []),
    open: async () => [...steps.values()],
    tried: async (workflow) => [...tried].filter(([, of]) => of === workflow).map(([release]) => release),
  };
}
