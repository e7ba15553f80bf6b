/**
 * A state machine as data: for every state and every event either the next state, or `null` where the event is refused
 * there. Being a total `Record`, a new state or event breaks compilation until each of its cells is decided.
 */
export type StateTable<State extends string, Event extends string> = {
  readonly [S in State]: { readonly [E in Event]: State | null };
};

/** The next state, or `null` where the event is refused. */
export function step<State extends string, Event extends string>(
  table: StateTable<State, Event>,
  state: State,
  event: Event,
): State | null {
  return table[state][event];
}

/** The states that no event leaves. */
export function finalStates<State extends string, Event extends string>(table: StateTable<State, Event>): State[] {
  return (Object.keys(table) as State[]).filter((state) => Object.values(table[state]).every((next) => next === null));
}
