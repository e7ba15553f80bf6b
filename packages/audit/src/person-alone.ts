import { PortreeveError, type Principal } from '@portreeve/contract';

/** INVARIANT: no agent does this, and none in the name of a person. `what` is a sentence. */
export function personAlone(by: Principal, what: string): void {
  if (by.kind !== 'person' || by.act.length > 0) throw new PortreeveError('refused', what);
}
