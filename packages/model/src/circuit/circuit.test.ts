import { fixedClock } from '@portreeve/contract';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { localState } from '../shared-state.ts';
import {
  admit,
  afterCalls,
  CIRCUIT,
  CIRCUIT_EVENTS,
  CIRCUIT_STATES,
  CIRCUIT_TABLE,
  CIRCUITS,
  type Circuit,
  circuitSchema,
  closedCircuit,
  hold,
  type Tally,
} from './circuit.ts';
import { createCircuits } from './circuits.ts';

const OPTIONS = { ...CIRCUIT, breaker_failures: 3, breaker_half_open_after_ms: 1000, probe_lease_ms: 500 };
const failure: Tally = { calls: 1, failures: 1, slow: 0, why: 'HTTP 503', probe: false };
const answer: Tally = { calls: 1, failures: 0, slow: 0, why: null, probe: false };

/** The circuit after these tallies, all at one time. */
const after = (tallies: readonly Tally[], at = 0, from = closedCircuit(at), options = OPTIONS) =>
  tallies.reduce((circuit, tally) => afterCalls(circuit, at, tally, options), from);
const opened = () => after([failure, failure, failure]);

describe('E4: one circuit', () => {
  test('SPEC 13: every cell of the table', () => {
    const rows = CIRCUIT_STATES.map((state) =>
      CIRCUIT_EVENTS.map((event) => CIRCUIT_TABLE[state][event] ?? '–').join(' '),
    );
    expect(rows).toEqual([
      'closed closed open – –',
      'open open – half_open –',
      'recovering open – half_open –',
      'recovering recovering open – closed',
    ]);
  });

  test('opens after so many failures in a row; an answer in between begins the row anew', () => {
    expect(after([failure, failure]).state).toBe('closed');
    expect(after([failure, failure, answer, failure, failure]).state).toBe('closed');
    expect(opened()).toMatchObject({ state: 'open', next_at: 1000, why: '3 attempts in a row failed: HTTP 503' });
  });

  test('opens where half of a window fails, and where half of it is slower than the objective', () => {
    const mixed = Array.from({ length: 20 }, (_, n) => (n % 2 ? failure : answer));
    expect(after(mixed.slice(0, 19)).state).toBe('closed');
    expect(after(mixed)).toMatchObject({ state: 'open', why: expect.stringContaining('10 of 20 attempts failed') });

    const slow = Array.from({ length: 20 }, (_, n) => ({ ...answer, slow: n % 2 }));
    expect(after(slow).state).toBe('closed');
    const objective = { ...OPTIONS, latency_objective_ms: 800 };
    expect(after(slow, 0, closedCircuit(0), objective)).toMatchObject({
      state: 'open',
      why: '10 of 20 answers took longer than 800 ms',
    });
  });

  test('what was counted before the window is forgotten', () => {
    const before = after(Array.from({ length: 10 }, (_, n) => (n % 2 ? answer : failure)));
    const later = after([failure, ...Array(18).fill(answer), failure], OPTIONS.window_ms, before);
    expect(later).toMatchObject({ state: 'closed', calls: 20, failures: 2 });
  });

  test('open: nothing goes until its time; then one attempt, for all, and another only when its lease is over', () => {
    const circuit = opened();
    expect(admit(circuit, 999, 'a', OPTIONS)).toMatchObject({ ok: false, wait_ms: 1 });
    const probing = admit(circuit, 1000, 'a', OPTIONS);
    expect(probing).toMatchObject({ ok: true, probe: true, circuit: { state: 'half_open', probe: 'a' } });
    expect(admit(probing.circuit, 1001, 'b', OPTIONS)).toMatchObject({ ok: false, wait_ms: 499 });
    expect(admit(probing.circuit, 1500, 'b', OPTIONS)).toMatchObject({
      ok: true,
      probe: true,
      circuit: { probe: 'b' },
    });
  });

  test('who comes while another makes the probe looks again soon, and does not wait for its lease', () => {
    const long = { ...OPTIONS, probe_lease_ms: 150_000 };
    const { circuit } = admit(opened(), 1000, 'a', long);
    expect(admit(circuit, 1001, 'b', long)).toMatchObject({ ok: false, wait_ms: 1000 });
  });

  test('a call that was sent before it opened decides nothing any more', () => {
    expect(after([answer, failure], 10, opened())).toEqual(opened());
    const { circuit } = admit(opened(), 1000, 'a', OPTIONS);
    expect(after([answer], 1001, circuit)).toEqual(circuit);
    expect(after([failure], 1001, circuit)).toEqual(circuit);
  });

  test('each time in a row it stays open twice as long, up to a bound', () => {
    let circuit = opened();
    let at = 0;
    const stays: number[] = [];
    for (let n = 0; n < 12; n++) {
      stays.push(circuit.next_at - at);
      at = circuit.next_at;
      const probing = admit(circuit, at, 'a', OPTIONS).circuit;
      circuit = afterCalls(probing, at, { ...failure, probe: true }, OPTIONS);
    }
    expect(stays.slice(0, 4)).toEqual([1000, 2000, 4000, 8000]);
    expect(stays.at(-1)).toBe(CIRCUIT.open_max_ms);
  });

  test('after the probe’s answer attempts come at a rate that doubles, and then without a limit', () => {
    const { circuit: probing } = admit(opened(), 1000, 'a', OPTIONS);
    let circuit = after([{ ...answer, probe: true }], 1000, probing);
    expect(circuit.state).toBe('recovering');
    const attempts: number[] = [];
    for (let at = 1000; circuit.state === 'recovering'; at += 5) {
      const admission = admit(circuit, at, 'a', OPTIONS);
      circuit = admission.circuit;
      if (admission.ok) attempts.push(at - 1000);
    }
    const persecond = (from: number) => attempts.filter((at) => at >= from && at < from + 1000).length;
    expect([0, 3000, 6000, 9000].map(persecond)).toEqual([1, 2, 4, 8]);
    expect(circuit).toMatchObject({ state: 'closed', opened: 0 });
    expect(attempts.at(-1)).toBe(OPTIONS.ramp_ms);
  });

  test('one failure right after an outage opens it again, for longer', () => {
    const { circuit: probing } = admit(opened(), 1000, 'a', OPTIONS);
    const recovering = after([{ ...answer, probe: true }], 1000, probing);
    expect(after([failure], 1100, recovering)).toMatchObject({ state: 'open', opened: 2, next_at: 3100 });
  });

  test('E5: a pause that the vendor asks for holds in each state, and what changes the state does not end it', () => {
    const held = hold(closedCircuit(0), 0, 5000, OPTIONS);
    expect(admit(held, 4999, 'a', OPTIONS)).toMatchObject({ ok: false, held: true, wait_ms: 1 });
    expect(admit(held, 5000, 'a', OPTIONS)).toMatchObject({ ok: true });
    // A shorter hint takes nothing away, and one without end is kept as long as an outage would be.
    expect(hold(held, 1000, 1000, OPTIONS)).toBe(held);
    expect(hold(held, 0, 86_400_000, OPTIONS).held_until).toBe(OPTIONS.open_max_ms);
    const open = after([failure, failure, failure], 10, held);
    expect(open).toMatchObject({ state: 'open', next_at: 1010 });
    expect(admit(open, 1010, 'a', OPTIONS)).toMatchObject({ ok: false, held: true, wait_ms: 3990 });
    const { circuit: probing } = admit(open, 5000, 'a', OPTIONS);
    const recovering = after([{ ...answer, probe: true }], 5000, hold(probing, 5000, 1000, OPTIONS));
    expect(admit(recovering, 5001, 'a', OPTIONS)).toMatchObject({ ok: false, held: true });
    expect(admit(recovering, 5000 + OPTIONS.ramp_ms, 'a', OPTIONS).circuit.state).toBe('closed');
  });

  test('SPEC 13: whatever happens, a state follows that can be stored, and no attempt goes while it is open', () => {
    const act = fc.record({
      after_ms: fc.nat(3000),
      what: fc.constantFrom('answer', 'failure', 'slow', 'probe_answer', 'probe_failure', 'admit', 'hold'),
    });
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
        let circuit: Circuit = closedCircuit(0);
        let at = 0;
        for (const { after_ms, what } of acts) {
          at += after_ms;
          if (what === 'admit') {
            const before = circuit;
            const admission = admit(circuit, at, 'a', OPTIONS);
            circuit = admission.circuit;
            if (before.state === 'open' && at < before.next_at) expect(admission.ok).toBe(false);
            if (before.state === 'half_open' && at < before.next_at) expect(admission.ok).toBe(false);
            if (at < before.held_until) expect(admission.ok).toBe(false);
          } else if (what === 'hold') {
            const before = circuit.held_until;
            circuit = hold(circuit, at, after_ms, OPTIONS);
            expect(circuit.held_until).toBeGreaterThanOrEqual(before);
          } else {
            const fails = what.endsWith('failure') ? 1 : 0;
            const tally = { calls: 1, failures: fails, slow: what === 'slow' ? 1 : 0, why: fails ? 'x' : null };
            circuit = afterCalls(circuit, at, { ...tally, probe: what.startsWith('probe') }, OPTIONS);
          }
          circuitSchema.parse(circuit);
        }
      }),
    );
  });
});

describe('E4: the circuits of several processes', () => {
  /** Ten processes over one store. They hear of each other only where the test lets them. */
  function processes(count: number) {
    const clock = fixedClock('2026-11-21T10:00:00Z');
    const store = localState(CIRCUITS, clock);
    const health: string[] = [];
    const all = Array.from({ length: count }, (_, n) => {
      const circuits = createCircuits({ store, clock, process: `p${n}` });
      return { circuits, endpoint: circuits.of('claude', OPTIONS, (state) => health.push(state)) };
    });
    return { clock, store, health, all, hear: () => Promise.all(all.map(({ circuits }) => circuits.refresh())) };
  }

  test('ten processes discover an outage together: three failures in all, and nobody sends a fourth', async () => {
    const { all, health, hear } = processes(10);
    let sent = 0;
    for (const { endpoint } of all) {
      await hear();
      if (!(await endpoint.admit()).ok) continue;
      sent++;
      await endpoint.failed('HTTP 503', false);
    }
    expect(sent).toBe(3);
    expect(health).toEqual(['silent']);
  });

  test('one of ten makes the probe, and all go on after its answer', async () => {
    const { all, clock, hear } = processes(10);
    for (let n = 0; n < 3; n++) await all[0]?.endpoint.failed('HTTP 503', false);
    await hear();
    clock.advance(1000);
    const admissions = await Promise.all(all.map(({ endpoint }) => endpoint.admit()));
    expect(admissions.filter(({ ok }) => ok)).toHaveLength(1);
    const prober = admissions.findIndex(({ ok }) => ok);
    await all[prober]?.endpoint.answered(10, true);
    await hear();
    expect(all.every(({ circuits }) => circuits.known().get('claude')?.state === 'recovering')).toBe(true);
    // The ramp is one for all: of ten that come now one goes.
    const next = await Promise.all(all.map(({ endpoint }) => endpoint.admit()));
    expect(next.filter(({ ok }) => ok)).toHaveLength(1);
  });

  test('E5: the pause that one of ten is asked for is kept by all, and then all go on', async () => {
    const { all, clock, health, hear } = processes(10);
    await all[3]?.endpoint.hold(7000);
    await hear();
    const asked = () => Promise.all(all.map(({ endpoint }) => endpoint.admit()));
    expect(await asked()).toEqual(Array(10).fill(expect.objectContaining({ ok: false, held: true, wait_ms: 7000 })));
    clock.advance(7000);
    expect((await asked()).every(({ ok }) => ok)).toBe(true);
    // It is no outage: nobody is told of one, and nothing is probed.
    expect(health).toEqual([]);
  });

  test('while all is well a call costs no look at the store; answers are told once a second', async () => {
    const clock = fixedClock('2026-11-21T10:00:00Z');
    const inner = localState(CIRCUITS, clock);
    let changes = 0;
    const change: typeof inner.change = (name, by) => {
      changes++;
      return inner.change(name, by);
    };
    const store = { ...inner, change };
    const endpoint = createCircuits({ store, clock, process: 'p' }).of('claude', OPTIONS);
    for (let n = 0; n < 100; n++) {
      expect((await endpoint.admit()).ok).toBe(true);
      await endpoint.answered(10, false);
      clock.advance(100);
    }
    expect(changes).toBe(10);
    expect((await inner.all()).states.get('claude')).toMatchObject({ calls: 91, failures: 0 });
  });
});
