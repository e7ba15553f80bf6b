import type { Principal } from './principal.ts';
import type { RecordActor } from './records.ts';

/** A principal as the record names it. */
export function actorOf(principal: Principal): RecordActor {
  return { id: principal.id, kind: principal.kind, name: principal.name, act: [...principal.act] };
}
