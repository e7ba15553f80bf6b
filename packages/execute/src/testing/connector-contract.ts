import { type CallOutcome, dryRunContract, type JsonObject, type ToolContract } from '@portreeve/contract';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Connector } from '../ports.ts';
import { executeFixture } from './fixture.ts';

/** What can go wrong with one call, and how it must end. A downstream that cannot do one of them says why. */
export const FAULTS = {
  /** The downstream says that it does not do it. */
  refused: 'failed',
  unreachable: 'failed',
  /** Cut before the request could leave. */
  'cut-before': 'failed',
  /** The downstream has it and acts; its answer is lost. */
  'cut-after': 'unknown',
  /** It has it and says nothing more. */
  silent: 'unknown',
  /** Its answer comes byte by byte. */
  drip: 'unknown',
  oversize: 'unknown',
  malformed: 'unknown',
  redirect: 'failed',
  /** It asks to come again later. */
  'retry-after': 'failed',
} as const satisfies Record<string, CallOutcome['state']>;
export type Fault = keyof typeof FAULTS;

/** A real downstream, and the connector that may reach it. */
export interface Downstream {
  readonly connector: Connector;
  readonly secrets: Readonly<Record<string, string>>;
  /** Bound to where the downstream is now. */
  contract(timeout_ms: number): ToolContract | Promise<ToolContract>;
  args(): JsonObject;
  /** What a success gives. */
  readonly result: unknown;
  /** The key that came with each effect, or text with the key in it. */
  effects(): Promise<readonly string[]>;
  /** Whether a second call with the same key has no second effect. */
  readonly honours_key: boolean;
  /** Makes it behave so from the next call on; `reached` is called when the request is there. */
  readonly play: {
    readonly [F in Fault]: ((reached: () => void) => void | Promise<void>) | { readonly never: string };
  };
  /** Where an end differs from {@link FAULTS}, with the reason. */
  readonly otherwise?: { readonly [F in Fault]?: { readonly state: CallOutcome['state']; readonly why: string } };
  /** The contract of a dry run of the same call by rollback, which leaves nothing. */
  readonly dry_run: ((timeout_ms: number) => ToolContract) | { readonly never: string };
  /** The contract of another tool of the same downstream, which takes the same arguments and only reads. */
  readonly reads: ((timeout_ms: number) => ToolContract | Promise<ToolContract>) | { readonly never: string };
  /** Behaves well again, and forgets. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

const PATIENT_MS = 5_000;
const HASTY_MS = 400;

/** What every connector must do, against a real downstream: requirement F8. */
export function connectorContract(name: string, start: () => Promise<Downstream>): void {
  describe(`connector: ${name}`, () => {
    let downstream: Downstream;
    beforeAll(async () => {
      downstream = await start();
    });
    beforeEach(() => downstream.reset());
    afterEach(() => downstream.reset());
    afterAll(() => downstream.close());

    /** One call, or several of the same proposal, through a real executor with a real grant each. */
    const call = async (
      options: { timeout_ms?: number; signal?: AbortSignal; times?: number; contract?: ToolContract } = {},
    ) => {
      const fixture = executeFixture({ secrets: downstream.secrets });
      const contract = options.contract ?? (await downstream.contract(options.timeout_ms ?? PATIENT_MS));
      const input = fixture.input(contract, { args: downstream.args() });
      const executor = fixture.executor(downstream.connector);
      const outcomes: CallOutcome[] = [];
      for (let n = 0; n < (options.times ?? 1); n++) {
        const { token } = await fixture.grant(input);
        const { proposal } = input;
        const signal = options.signal ? { signal: options.signal } : {};
        outcomes.push((await executor.execute({ token, proposal, contract, ...signal })).outcome);
      }
      const written = JSON.stringify([outcomes, fixture.audit.drafts]);
      for (const secret of Object.values(downstream.secrets)) {
        const parsed = secret.startsWith('{') ? (JSON.parse(secret) as { password: string }).password : secret;
        expect(written).not.toContain(parsed);
      }
      // An effect of an earlier test may still be under way: each proposal has a key of its own.
      const effects = (await downstream.effects()).filter((each) => each.includes(input.proposal.id));
      return { outcome: outcomes[0]!, effects };
    };

    test('F8: makes the call once, with its key, and gives the result', async () => {
      const { outcome, effects } = await call();
      expect(outcome).toMatchObject({ state: 'succeeded', result: downstream.result });
      expect(effects).toHaveLength(1);
    });

    test.each(Object.keys(FAULTS) as Fault[])('F8 F9: %s ends as it must, and nothing is sent again', async (fault) => {
      const play = downstream.play[fault];
      if (typeof play !== 'function') {
        expect(play.never).toMatch(/\w/);
        return;
      }
      let reached = 0;
      await play(() => {
        reached++;
      });
      const hasty = fault === 'silent' || fault === 'drip';
      const { outcome, effects } = await call({ timeout_ms: hasty ? HASTY_MS : PATIENT_MS });
      const expected = downstream.otherwise?.[fault]?.state ?? FAULTS[fault];
      expect(outcome, JSON.stringify(outcome)).toMatchObject({ state: expected });
      if (hasty) expect(JSON.stringify(outcome)).toContain('no complete answer within');
      expect(reached).toBeLessThanOrEqual(1);
      expect(effects.length).toBeLessThanOrEqual(expected === 'failed' ? 0 : 1);
    });

    test('F8: cancelled before: failed, and nothing happens', async () => {
      const { outcome, effects } = await call({ signal: AbortSignal.abort() });
      expect(outcome).toMatchObject({ state: 'failed' });
      expect(effects).toEqual([]);
    });

    test('F8: cancelled while it waits for the answer: unknown', async () => {
      const controller = new AbortController();
      const { silent } = downstream.play;
      if (typeof silent !== 'function') throw new TypeError('every downstream can say nothing');
      await silent(() => controller.abort());
      const { outcome } = await call({ signal: controller.signal });
      expect(outcome).toMatchObject({ state: 'unknown', reason: expect.stringContaining('cancelled') });
    });

    test('F9: a second call for the same proposal has the same key', async () => {
      const { effects } = await call({ times: 2 });
      expect(effects).toHaveLength(downstream.honours_key ? 1 : 2);
    });

    test('F2: a dry run by another tool calls that tool alone, and has no effect', async () => {
      if (typeof downstream.reads !== 'function') {
        expect(downstream.reads.never).toMatch(/\w/);
        return;
      }
      const reads = await downstream.reads(PATIENT_MS);
      const real = await downstream.contract(PATIENT_MS);
      const dry = dryRunContract({ ...real, dry_run: { by: 'tool', tool: reads.name } }, [real, reads]);
      expect(dry).toBe(reads);
      const shown = await call({ contract: dry! });
      expect(shown.outcome, JSON.stringify(shown.outcome)).toMatchObject({ state: 'succeeded' });
      expect(shown.effects).toEqual([]);
      // The journal that has none would have seen one.
      expect((await call({ contract: real })).effects).toHaveLength(1);
    });

    test('F2: a dry run by rollback shows what the call gives, and has no effect', async () => {
      if (typeof downstream.dry_run !== 'function') {
        expect(downstream.dry_run.never).toMatch(/\w/);
        return;
      }
      const dry = await call({ contract: downstream.dry_run(PATIENT_MS) });
      expect(dry.outcome).toMatchObject({ state: 'succeeded', result: downstream.result });
      expect(dry.effects).toEqual([]);
    });

    test('INV1: takes no call that the executor did not make', async () => {
      const options = { credential: null, signal: new AbortController().signal };
      await expect(downstream.connector.call({} as never, options)).rejects.toThrow(TypeError);
    });
  });
}
