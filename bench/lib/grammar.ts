/** Names to alternatives, one a line. `<name>` stands for another entry, `{a|b}` for a choice, `~` for a line break, `‹›` for angle brackets. */
export type Grammar = Readonly<Record<string, string>>;

/** A small fast generator with a seed (mulberry32): the same seed gives the same texts everywhere. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const pick = <T>(next: () => number, from: readonly T[]): T => from[Math.floor(next() * from.length)]!;

const CHOICE = /\{([^{}]*)\}/g;

/** Writes texts by a grammar; `made` are names whose text a function makes. Throws where a name is in neither. */
export function writer(
  grammar: Grammar,
  next: () => number,
  made: Readonly<Record<string, () => string>> = {},
): (text: string) => string {
  const alternatives = new Map(
    Object.entries(grammar).map(([name, lines]) => [
      name,
      lines
        .split('\n')
        .map((line) => line.trim())
        .filter(Boolean),
    ]),
  );
  const write = (text: string, depth = 0): string => {
    if (depth > 20) throw new RangeError(`endless grammar at ${text.slice(0, 80)}`);
    let chosen = text;
    while (chosen.search(CHOICE) >= 0)
      chosen = chosen.replace(CHOICE, (_all, choices: string) => pick(next, choices.split('|')));
    return chosen.replace(/<([a-z_]+)>/g, (_all, name: string) => {
      const make = made[name];
      if (make !== undefined) return make();
      const lines = alternatives.get(name);
      if (lines === undefined) throw new RangeError(`the grammar has no <${name}>`);
      return write(pick(next, lines), depth + 1);
    });
  };
  return (text) => write(text).replaceAll('~', '\n').replaceAll('‹', '<').replaceAll('›', '>');
}
