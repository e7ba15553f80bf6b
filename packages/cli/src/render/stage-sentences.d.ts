/** The stages of the way of a task, in order (design, section 2). */
export type Stage =
  | 'identify'
  | 'admit'
  | 'retrieve'
  | 'assemble'
  | 'reason'
  | 'validate'
  | 'propose'
  | 'decide'
  | 'approve'
  | 'grant'
  | 'execute'
  | 'record';

export function sentencesOf(type: string, data: unknown, entry: unknown): [Stage, string][];
