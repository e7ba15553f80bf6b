import { type StateTable, step } from '@portreeve/contract';
import { z } from 'zod';
import type { StateKind } from '../shared-state.ts';

/**
 * The circuit of one endpoint, which all processes share. `recovering`: it answers again, and attempts are let through
 * at a rate that grows, so that all that waited does not come at once.
 */
export const CIRCUIT_STATES = ['closed', 'open', 'half_open', 'recovering'] as const;
export type CircuitState = (typeof CIRCUIT_STATES)[number];

/** `trip`: the limits of failures are reached. `probe`: one process takes the one attempt. `steady`: the ramp is over. */
export const CIRCUIT_EVENTS = ['answer', 'fail', 'trip', 'probe', 'steady'] as const;
export type CircuitEvent = (typeof CIRCUIT_EVENTS)[number];

export const CIRCUIT_TABLE: StateTable<CircuitState, CircuitEvent> = {
  closed: { answer: 'closed', fail: 'closed', trip: 'open', probe: null, steady: null },
  // What was sent before it opened and ends now tells nothing new: only a probe does.
  open: { answer: 'open', fail: 'open', trip: null, probe: 'half_open', steady: null },
  // A probe again: whoever made the last one is gone, and its lease is over.
  half_open: { answer: 'recovering', fail: 'open', trip: null, probe: 'half_open', steady: null },
  recovering: { answer: 'recovering', fail: 'recovering', trip: 'open', probe: null, steady: 'closed' },
};

const time = z.number().min(0);
const count = z.int().min(0);

export const circuitSchema = z.strictObject({
  state: z.enum(CIRCUIT_STATES),
  /** When it took this state. Times are milliseconds since the epoch, by the store's clock. */
  since: time,
  /** Failures since the last answer, of all processes. */
  in_a_row: count,
  /** The window that is counted now. */
  window_from: time,
  calls: count,
  failures: count,
  slow: count,
  /** How often it opened since it was last closed: each time it stays open twice as long. */
  opened: count,
  /** Open: when a probe may be made. Half open: when its lease is over. Recovering: when the next attempt may be made. */
  next_at: time,
  /** Who makes the probe. */
  probe: z.string().nullable(),
  /** Why it opened, for a person. */
  why: z.string().nullable(),
  /** Until when the vendor asked to be left alone. It holds in each state, and no change of state forgets it. */
  held_until: time,
});
export type Circuit = z.infer<typeof circuitSchema>;

export interface CircuitOptions {
  /** Opens after so many failures in a row, of all processes together… */
  readonly breaker_failures: number;
  /** …or where in a window of this length, with at least so many calls, so many per cent failed… */
  readonly window_ms: number;
  readonly window_calls_min: number;
  readonly failures_percent: number;
  /** …or so many per cent took longer than the objective. Null: there is none. */
  readonly latency_objective_ms: number | null;
  readonly slow_percent: number;
  /** How long it stays open before one attempt is let through; each time in a row twice as long, up to a bound. */
  readonly breaker_half_open_after_ms: number;
  readonly open_max_ms: number;
  /** How long the one who makes the probe may take before another makes one. */
  readonly probe_lease_ms: number;
  /** After an outage: attempts a second at first, doubled after each step, for so long. */
  readonly ramp_first_per_s: number;
  readonly ramp_doubles_after_ms: number;
  readonly ramp_ms: number;
}

export const CIRCUIT: CircuitOptions = {
  breaker_failures: 8,
  window_ms: 30_000,
  window_calls_min: 20,
  failures_percent: 50,
  latency_objective_ms: null,
  slow_percent: 50,
  breaker_half_open_after_ms: 30_000,
  open_max_ms: 300_000,
  probe_lease_ms: 150_000,
  ramp_first_per_s: 1,
  ramp_doubles_after_ms: 3000,
  ramp_ms: 24_000,
};

export const closedCircuit = (at: number): Circuit => ({
  ...{ state: 'closed', since: at, in_a_row: 0, window_from: at, calls: 0, failures: 0, slow: 0 },
  ...{ opened: 0, next_at: at, probe: null, why: null, held_until: 0 },
});

/** The same endpoint, counted anew. */
const anew = ({ held_until }: Circuit, at: number): Circuit => ({ ...closedCircuit(at), held_until });

/** How a store keeps circuits. An attempt of the ramp is taken under the lock anyway, so it is no news. */
export const CIRCUITS: StateKind<Circuit> = {
  kind: 'circuit',
  schema: circuitSchema,
  initial: closedCircuit,
  isNews: (before, after) =>
    before.state !== after.state ||
    before.in_a_row > 0 !== after.in_a_row > 0 ||
    before.probe !== after.probe ||
    before.held_until !== after.held_until,
};

/** What came of calls: how many, how many of them failed as in an outage, and how many were slower than the objective. */
export interface Tally {
  readonly calls: number;
  readonly failures: number;
  readonly slow: number;
  /** The last failure, for a person. */
  readonly why: string | null;
  /** Whether the call was the probe. */
  readonly probe: boolean;
}

/** The circuit after these calls. */
export function afterCalls(circuit: Circuit, at: number, tally: Tally, options: CircuitOptions): Circuit {
  const { state } = circuit;
  const failed = tally.failures > 0;
  const event = failed ? 'fail' : 'answer';
  const next = step(CIRCUIT_TABLE, state, event) as CircuitState;
  // Only the probe tells of a circuit that is not closed: what else ends now was sent before.
  if (state === 'open' || (state === 'half_open' && !tally.probe)) return circuit;
  if (state === 'half_open') return failed ? open(circuit, at, tally.why, options) : recovering(circuit, next, at);
  const counted = counts(circuit, at, tally, options);
  const why = tripsBecause(counted, state, options);
  if (why !== null && step(CIRCUIT_TABLE, state, 'trip') === 'open') {
    return open(counted, at, tally.why === null ? why : `${why}: ${tally.why}`, options);
  }
  return { ...counted, state: next };
}

/** The circuit once the vendor has asked all to wait. A hint beyond `open_max_ms` is kept so long only. */
export function hold(circuit: Circuit, at: number, ms: number, { open_max_ms }: CircuitOptions): Circuit {
  const held_until = at + Math.min(ms, open_max_ms);
  return held_until > circuit.held_until ? { ...circuit, held_until } : circuit;
}

/**
 * What an attempt is told: go, go as the probe, or when to come again; `held`: because the vendor asked for it. `circuit` is
 * what stands then.
 */
export type Admission =
  | { readonly ok: true; readonly probe: boolean; readonly circuit: Circuit }
  | { readonly ok: false; readonly held: boolean; readonly wait_ms: number; readonly circuit: Circuit };

/** The refusal of an attempt while the vendor wants to be left alone; null where it does not. */
export function refusedByHold(circuit: Circuit, at: number): Admission | null {
  const wait_ms = circuit.held_until - at;
  return wait_ms > 0 ? { ok: false, held: true, wait_ms, circuit } : null;
}

/** Lets one attempt through, or not. */
export function admit(given: Circuit, at: number, who: string, options: CircuitOptions): Admission {
  const circuit = settled(given, at, options);
  const refused = refusedByHold(circuit, at);
  if (refused) return refused;
  if (circuit.state === 'closed') return { ok: true, probe: false, circuit };
  if (at < circuit.next_at) return { ok: false, held: false, wait_ms: waitOf(circuit, at), circuit };
  if (circuit.state === 'recovering') {
    return { ok: true, probe: false, circuit: { ...circuit, next_at: at + rampInterval(circuit, at, options) } };
  }
  const state = step(CIRCUIT_TABLE, circuit.state, 'probe') as CircuitState;
  const probing = { ...circuit, state, since: at, next_at: at + options.probe_lease_ms, probe: who };
  return { ok: true, probe: true, circuit: probing };
}

/** How soon it is worth looking again while somebody else makes the probe: its lease is the worst case, and far longer. */
const PROBE_LOOK_MS = 1000;

/** Milliseconds until an attempt may be let through. */
export function waitOf({ state, next_at }: Circuit, at: number): number {
  if (state === 'closed') return 0;
  return Math.max(0, state === 'half_open' ? Math.min(next_at - at, PROBE_LOOK_MS) : next_at - at);
}

/** A circuit whose ramp is over is closed. */
function settled(circuit: Circuit, at: number, options: CircuitOptions): Circuit {
  if (circuit.state !== 'recovering' || at < circuit.since + options.ramp_ms) return circuit;
  return { ...anew(circuit, at), state: step(CIRCUIT_TABLE, circuit.state, 'steady') as CircuitState };
}

function rampInterval({ since }: Circuit, at: number, options: CircuitOptions): number {
  const doublings = Math.floor((at - since) / options.ramp_doubles_after_ms);
  return 1000 / (options.ramp_first_per_s * 2 ** doublings);
}

function open(circuit: Circuit, at: number, why: string | null, options: CircuitOptions): Circuit {
  const opened = circuit.opened + 1;
  const stays = Math.min(options.breaker_half_open_after_ms * 2 ** Math.min(opened - 1, 30), options.open_max_ms);
  return { ...anew(circuit, at), state: 'open', opened, next_at: at + stays, why };
}

function recovering(circuit: Circuit, state: CircuitState, at: number): Circuit {
  return { ...anew(circuit, at), state, opened: circuit.opened };
}

function counts(circuit: Circuit, at: number, tally: Tally, { window_ms }: CircuitOptions): Circuit {
  const over = at - circuit.window_from >= window_ms;
  const from = over ? anew(circuit, at) : circuit;
  const answered = tally.calls > tally.failures;
  return {
    ...circuit,
    in_a_row: (answered ? 0 : circuit.in_a_row) + tally.failures,
    window_from: from.window_from,
    calls: from.calls + tally.calls,
    failures: from.failures + tally.failures,
    slow: from.slow + tally.slow,
  };
}

/** Why the circuit must open, or null. One that has just come back opens at the first failure. */
function tripsBecause(circuit: Circuit, state: CircuitState, options: CircuitOptions): string | null {
  const { in_a_row, calls, failures, slow } = circuit;
  if (in_a_row >= options.breaker_failures) return `${in_a_row} attempts in a row failed`;
  if (state === 'recovering' && in_a_row > 0) return 'it failed again right after an outage';
  if (calls < options.window_calls_min) return null;
  if (failures * 100 >= calls * options.failures_percent) return `${failures} of ${calls} attempts failed`;
  if (options.latency_objective_ms !== null && slow * 100 >= calls * options.slow_percent)
    return `${slow} of ${calls} answers took longer than ${options.latency_objective_ms} ms`;
  return null;
}
