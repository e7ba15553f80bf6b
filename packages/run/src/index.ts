export { type Engine, isOutage, prepareEngine, startEngine, startQueue } from './engine.ts';
export { factsOf, LOOKING } from './facts.ts';
export { knownOfWish } from './known-of-wish.ts';
export type {
  ContextStage,
  Durable,
  Environment,
  LeaseStore,
  LoadedWorkflow,
  RunFilter,
  RunQueue,
  RunReleases,
  RunStore,
  Workflows,
} from './ports.ts';
export { LEASE_SECONDS, type Reaper, startReaper } from './reaper.ts';
export type { Endpoint } from './route-question.ts';
export { taskRunner } from './run-task.ts';
export { RUN_EVENTS, RUN_TABLE, type RunEvent } from './states.ts';
export { stepFacts } from './steps/judge-step.ts';
export { unwindTopic } from './steps/unwind.ts';
export { type Task, taskSubmitter } from './submit-task.ts';
export { approvalTopic, handoffTopic } from './transitions.ts';
