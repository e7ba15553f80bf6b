import type { ExecutionId } from '@portreeve/contract';

/** The instants at which a crash matters. A test stops, throws or kills the process there. */
export const DEBUGPOINTS = [
  'before-intent',
  'after-intent',
  'before-call',
  'after-call',
  'before-result',
  'after-result',
] as const;
export type DebugpointName = (typeof DEBUGPOINTS)[number];
export type Debugpoint = (name: DebugpointName, execution: ExecutionId) => void | Promise<void>;
