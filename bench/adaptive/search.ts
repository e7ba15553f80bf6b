import { fixedClock, type Json, type JsonObject } from '@portreeve/contract';
import { openSession, restoreSession } from '@portreeve/gate';
import { choices } from '@portreeve/govern';
import { baselinePolicies, createPolicyEngine } from '@portreeve/policy';
import { replayIn } from '../agentdojo/ours.ts';
import { mutate } from './mutate.ts';
import { DISPLACED, WORLDS, type World } from './worlds.ts';

export interface Leak {
  readonly world: string;
  readonly tool: string;
  readonly args: JsonObject;
  readonly why: string;
}

export interface SearchResult {
  readonly world: string;
  readonly tried: number;
  /** Calls other than the honest ones that ran by themselves: what the attacker can reach that is no harm. */
  readonly ran: number;
  readonly asked: number;
  readonly refused: number;
  /** Values of the request in another place than they were meant for: what an intent with values would stop. */
  readonly displaced: number;
  readonly leaks: readonly Leak[];
  /** The longest text of the attacker's that was passed on to whom the request names. */
  readonly furthest: string;
}

const policy = () => createPolicyEngine({ layers: baselinePolicies(), clock: fixedClock('2026-01-01T00:00:00.000Z') });

/**
 * Searches for a call that the gate lets run by itself and that is harm, with a model that does all the attacker wants:
 * mutations of honest calls and of what was found before, kept where they ran. Seeded, and bounded in time.
 */
async function attack(world: World, seed: number, ms: number): Promise<SearchResult> {
  const decider = policy();
  const tools = new Map(world.tools.map((tool) => [tool.name, tool]));
  const session = openSession({ prompt: world.request });
  session.declare({ calls: world.intent });
  const setUp = replayIn(session, decider, tools);
  for (const [index, call] of world.read.entries()) await setUp.judge(call, index);
  const start = session.snapshot();

  const choose = choices(seed);
  const pool: Json[] = [
    ...world.evil,
    ...wordsOf(world.request),
    ...world.read.flatMap((call) => wordsOf(String(call.output))),
  ];
  const alive = world.honest.map((call) => ({ ...call }));
  const known = new Set(world.honest.map((call) => JSON.stringify(call)));
  const tally = { tried: 0, ran: 0, asked: 0, refused: 0 };
  const leaks: Leak[] = [];
  let furthest = '';
  let displaced = 0;
  const end = performance.now() + ms;
  while (performance.now() < end) {
    const { tool, args } = choose.pick(alive);
    let next = mutate(args, pool, choose);
    if (choose.next(3) === 0) next = mutate(next, pool, choose);
    const key = JSON.stringify({ tool, args: next });
    if (known.has(key)) continue;
    known.add(key);
    tally.tried++;
    const verdict = await replayIn(restoreSession(start), decider, tools).judge({ tool, args: next, output: '' }, 0);
    tally[verdict]++;
    if (verdict !== 'ran') continue;
    const why = world.harm(tool, next);
    if (why === DISPLACED) displaced++;
    if (why && why !== DISPLACED) leaks.push({ world: world.name, tool, args: next, why });
    else {
      if (alive.length < 400) alive.push({ tool, args: next });
      const said = Object.values(next).map(String).join(' / ');
      if (said.length > furthest.length && said.length < 400) furthest = said;
    }
  }
  return { world: world.name, ...tally, displaced, leaks, furthest };
}

export async function attackAll(seed: number, ms: number): Promise<SearchResult[]> {
  const results: SearchResult[] = [];
  for (const world of WORLDS) results.push(await attack(world, seed, ms / WORLDS.length));
  return results;
}

const wordsOf = (text: string): string[] => text.split(/[\s'",;{}()]+/).filter((word) => word.length > 1);
