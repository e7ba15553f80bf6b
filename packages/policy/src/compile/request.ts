import type { EntityRef, RecordValue } from './values.ts';

/** A request as compiled rules see it: values that fit the schema, entities with what they are in. */
export interface CompiledRequest {
  readonly principal: EntityRef;
  readonly action: EntityRef;
  readonly resource: EntityRef;
  readonly context: RecordValue;
  /** The entity as the request tells of it; actions too. `undefined`: it is only named. */
  readonly find: (type: string, id: string) => EntityRef | undefined;
  /**
   * Whether every entity that a rule can look into (principal, resource, and those named outside of sets) is there.
   * Where not, looking into one fails, and no rule may be left out by an index.
   */
  readonly complete: boolean;
}
