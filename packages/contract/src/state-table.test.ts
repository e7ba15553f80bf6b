import fc from 'fast-check';
import { expect, test } from 'vitest';
import { finalStates, type StateTable, step } from './state-table.ts';

type State = 'open' | 'held' | 'done';
type Event = 'hold' | 'resume' | 'finish';
const TABLE: StateTable<State, Event> = {
  open: { hold: 'held', resume: null, finish: 'done' },
  held: { hold: null, resume: 'open', finish: null },
  done: { hold: null, resume: null, finish: null },
};

test('step gives the next state, or null where the event is refused', () => {
  expect(step(TABLE, 'open', 'hold')).toBe('held');
  expect(step(TABLE, 'held', 'resume')).toBe('open');
  expect(step(TABLE, 'held', 'finish')).toBeNull();
});

test('finalStates are those that no event leaves', () => {
  expect(finalStates(TABLE)).toEqual(['done']);
});

test('no walk leaves a final state', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom<Event>('hold', 'resume', 'finish')), (events) => {
      let state: State = 'open';
      let ended = false;
      for (const event of events) {
        const next: State | null = step(TABLE, state, event);
        if (ended) expect(next).toBeNull();
        state = next ?? state;
        ended = finalStates(TABLE).includes(state);
      }
    }),
  );
});
