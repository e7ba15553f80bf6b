import { createHash } from 'node:crypto';

/** The public sets of which half of the rows, chosen by a digest of their ids, are trained with. All others are held out whole. */
const TRAINED_SETS = ['bipia-email', 'deepset-prompt-injections', 'technical-docs-a', 'banking77-test'] as const;

/** Whether a row belongs to training and so must not be measured. */
export function isTrainingRow(set: string, id: string): boolean {
  return (
    (TRAINED_SETS as readonly string[]).includes(set) &&
    createHash('sha256').update(`${set}\n${id}`).digest()[0]! % 2 === 0
  );
}
