import type { Json } from './canonical.ts';

/** The words with which a model says that what it was shown supports no answer (requirement E7). The system layer asks for them. */
export const OFF_PATTERN = 'The evidence does not support an answer:';

const WORDS = OFF_PATTERN.toLowerCase();

/** Whether an answer says so. Any of its texts counts: which field comes first is the schema's affair, and caution costs a look. */
export function isOffPattern(answer: Json): boolean {
  if (typeof answer === 'string') return answer.trimStart().toLowerCase().startsWith(WORDS);
  return typeof answer === 'object' && answer !== null && Object.values(answer).some(isOffPattern);
}
