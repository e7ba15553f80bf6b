import type { JsonObject } from '@portreeve/contract';

/**
 * Whoever waits for a call that speaks MCP itself: what its client can answer, and what is told on the way. None of it
 * changes what is done.
 */
export interface McpFollower {
  /** The client capabilities that are shown to the server: those that policy passes on and the client has. */
  readonly capabilities: JsonObject;
  readonly progress?: (params: JsonObject) => void;
  readonly log?: (params: JsonObject) => void;
  /** Ends the call before its time; its outcome is then not known. */
  readonly signal?: AbortSignal;
}

/** Messages that one call may tell on its way; more are dropped, so that a flood ends here. */
const TOLD_MAX = 1000;

/** Passes on at most so many messages. */
export function bounded(tell: ((params: JsonObject) => void) | undefined): (params: unknown) => void {
  let left = TOLD_MAX;
  return (params) => {
    if (tell && left-- > 0) tell(JSON.parse(JSON.stringify(params)) as JsonObject);
  };
}
