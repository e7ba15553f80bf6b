import type { Clock } from '@portreeve/contract';
import type { SharedState } from '../shared-state.ts';
import {
  type Admission,
  admit,
  afterCalls,
  CIRCUIT,
  type Circuit,
  type CircuitOptions,
  closedCircuit,
  hold,
  refusedByHold,
  waitOf,
} from './circuit.ts';

/** Told of each answer, and of each time that the circuit opens. Must be quick and must not throw. */
export type Health = (state: 'answers' | 'silent') => void;

/** The circuit of one endpoint, as one process sees it. */
export interface EndpointCircuit {
  /** Whether an attempt may be made now. */
  admit(): Promise<Admission>;
  /** Milliseconds until an attempt is worth it, as far as this process knows; 0: now. Asks nobody. */
  wait(): number;
  answered(latency_ms: number, probe: boolean): Promise<void>;
  /** The vendor asks all to wait for so long. */
  hold(ms: number): Promise<void>;
  /** An attempt failed as in an outage. */
  failed(why: string, probe: boolean): Promise<void>;
  /** An attempt was sent that says nothing of the endpoint's health, as where the question was at fault. */
  undecided(probe: boolean): Promise<void>;
}

export interface Circuits {
  of(endpoint: string, options?: Partial<CircuitOptions>, health?: Health): EndpointCircuit;
  /** Looks at what other processes have found. Call it when they say so, and now and then. */
  refresh(): Promise<void>;
  /** As this process knows them, for people. */
  known(): ReadonlyMap<string, Circuit>;
}

/** How long answers are counted here before the others are told of them. */
const TELL_EVERY_MS = 1000;

/**
 * The circuits of all endpoints, shared by all processes through `store` (requirement E4): failures are counted together,
 * one process makes the probe for all, and the ramp after an outage is one. While all is well nothing is asked: a call
 * costs no query, and answers are counted here and told once a second.
 */
export function createCircuits(deps: { store: SharedState<Circuit>; clock: Clock; process: string }): Circuits {
  let circuits = new Map<string, Circuit>();
  let ahead_ms = 0;
  const mine = () => deps.clock.now().getTime();
  const now = () => mine() + ahead_ms;
  const seen = (at: number) => {
    ahead_ms = at - mine();
  };

  return {
    known: () => circuits,

    async refresh() {
      const { states, at } = await deps.store.all();
      circuits = new Map(states);
      seen(at);
    },

    of(endpoint, given = {}, health = () => undefined) {
      const options = { ...CIRCUIT, ...given };
      let untold = { calls: 0, slow: 0 };
      let told_at = Number.NEGATIVE_INFINITY;
      const known = () => circuits.get(endpoint) ?? closedCircuit(now());

      async function change(by: (circuit: Circuit, at: number) => Circuit): Promise<Circuit> {
        let before = 'closed';
        const { state: circuit, at } = await deps.store.change(endpoint, (stands, time) => {
          before = stands.state;
          return by(stands, time);
        });
        seen(at);
        circuits.set(endpoint, circuit);
        if (circuit.state === 'open' && before !== 'open') health('silent');
        return circuit;
      }

      async function tell(failure: string | null, slow: boolean, probe: boolean): Promise<void> {
        const { calls, slow: earlier } = untold;
        untold = { calls: 0, slow: 0 };
        told_at = mine();
        const failures = failure === null ? 0 : 1;
        const tally = { calls: calls + 1, failures, slow: earlier + (slow ? 1 : 0), why: failure, probe };
        await change((circuit, at) => afterCalls(circuit, at, tally, options));
      }

      return {
        async admit() {
          const circuit = known();
          const refused = refusedByHold(circuit, now());
          if (refused) return refused;
          if (circuit.state === 'closed') return { ok: true, probe: false, circuit };
          // While it is known to be open nobody needs to be asked.
          if (circuit.state !== 'recovering' && now() < circuit.next_at)
            return { ok: false, held: false, wait_ms: waitOf(circuit, now()), circuit };
          let admission: Admission | null = null;
          await change((stands, at) => {
            admission = admit(stands, at, deps.process, options);
            return admission.circuit;
          });
          return admission as unknown as Admission;
        },

        wait() {
          const circuit = known();
          // After an outage the turnstile lets through what the ramp allows.
          return circuit.state === 'recovering' ? 0 : waitOf(circuit, now());
        },

        async answered(latency_ms, probe) {
          health('answers');
          const slow = options.latency_objective_ms !== null && latency_ms > options.latency_objective_ms;
          const circuit = known();
          const quiet = !probe && !slow && circuit.state === 'closed' && circuit.in_a_row === 0;
          if (quiet && mine() - told_at < TELL_EVERY_MS) {
            untold = { calls: untold.calls + 1, slow: untold.slow };
            return;
          }
          await tell(null, slow, probe);
        },

        async hold(ms) {
          await change((circuit, at) => hold(circuit, at, ms, options));
        },

        failed: (why, probe) => tell(why, false, probe),

        async undecided(probe) {
          // The endpoint spoke, so it is there; nothing else is known.
          if (probe) await tell(null, false, true);
        },
      };
    },
  };
}
