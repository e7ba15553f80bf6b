import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isPortreeveError } from '@portreeve/contract';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../repository.ts';
import { mutate, numbersOf } from './mutate.ts';
import { ELSEWHERE, type FuzzedParser, PARSERS } from './parsers.table.ts';

/** Seconds for each parser: a part of one where nothing is set, a minute by `npm run fuzz`. */
const SECONDS = Number(process.env.FUZZ_SECONDS ?? 0.3);
const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 1_000_000_007);
/** One input may not hold the process longer, on a machine that has other work. */
const INPUT_MS_MAX = 1500;

/** Every function of a package by whose name it takes apart what it is given. */
function declared(): string[] {
  const packages = join(ROOT, 'packages');
  return readdirSync(packages, { recursive: true, encoding: 'utf8' })
    .filter((file) => /^[a-z]+\/src\/.*(?<!\.test)\.ts$/.test(file) && !file.includes('/testing/'))
    .flatMap((file) =>
      [
        ...readFileSync(join(packages, file), 'utf8').matchAll(
          /^export (?:async )?(?:function|const) ((?:parse|decode)[A-Z]\w*)/gm,
        ),
      ].map(([, name]) => `${file}#${name}`),
    );
}

async function load({ at }: FuzzedParser): Promise<(...args: readonly unknown[]) => unknown> {
  const [file = '', name = ''] = at.split('#');
  const loaded = (await import(join(ROOT, 'packages', file))) as Record<
    string,
    (...args: readonly unknown[]) => unknown
  >;
  return loaded[name]!;
}

/** Null where it took the input, or refused it as it may; what went wrong otherwise. */
function tryOne(
  parse: (...args: readonly unknown[]) => unknown,
  { refuses = [], args }: FuzzedParser,
  text: string,
): string | null {
  const begun = performance.now();
  try {
    parse(...(args ? args(text) : [text]));
  } catch (error) {
    if (!isPortreeveError(error) && !(error instanceof Error && refuses.includes(error.name))) return String(error);
  }
  const took = performance.now() - begun;
  return took > INPUT_MS_MAX ? `it took ${Math.round(took)} ms` : null;
}

describe('whatever comes from outside, a parser takes it or refuses it', () => {
  test('every parser is in the table, or it says why not', () => {
    // If you are here because this failed: add the parser to parsers.table.ts, with a few valid texts.
    const known = [...PARSERS.map(({ at }) => at as string), ...Object.keys(ELSEWHERE)];
    expect(declared().filter((at) => !known.includes(at))).toEqual([]);
    expect(new Set(known).size).toBe(known.length);
    for (const at of Object.keys(ELSEWHERE)) expect([at, declared().includes(at)]).toEqual([at, true]);
  });

  test('a parser that breaks is seen', () => {
    const broken = (text: unknown) => (text as string).length > 3 && (undefined as never as string).length;
    expect(tryOne(broken, { at: 'x/src/x.ts#x', seeds: [] }, 'four')).toMatch(/TypeError/);
    const numbers = [numbersOf(7), numbersOf(7)].map((below) => mutate(['abc'], below));
    expect(numbers[0]).toBe(numbers[1]);
  });

  test.each(PARSERS.map((parser) => [parser.at, parser] as const))(
    '%s',
    async (at, parser) => {
      const parse = await load(parser);
      const below = numbersOf(SEED);
      const until = performance.now() + SECONDS * 1000;
      let inputs = 0;
      while (performance.now() < until || inputs < 100) {
        const text = mutate(parser.seeds, below);
        const problem = tryOne(parse, parser, text);
        const told = `FUZZ_SEED=${SEED}, input ${inputs}: ${JSON.stringify(text.slice(0, 500))}`;
        expect(problem, told).toBeNull();
        inputs++;
      }
      console.log(`${at}: ${inputs} inputs, FUZZ_SEED=${SEED}`);
    },
    SECONDS * 1000 + 30_000,
  );
});
