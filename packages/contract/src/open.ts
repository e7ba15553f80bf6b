import { type Labelled, readLabelled } from './labelled.ts';

/** Reads a labelled value. Who opens it takes over its label: what is made from it carries at least that label. */
export function open<T>(labelled: Labelled<T>): T {
  return readLabelled(labelled);
}
