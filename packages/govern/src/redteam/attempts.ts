import type { JsonObject, WorkflowDefinition } from '@portreeve/contract';
import { type Attacker, attackerOf, fillAttack } from './attacker.ts';
import { type Choices, choices } from './choices.ts';
import { DRESSES } from './dress.ts';
import type { Attack, Goal, HonestCase, Pack } from './pack.ts';
import { type Place, placesOf } from './places.ts';
import { honestResults, type Stage, setStage } from './stage.ts';
import { leavesOf } from './text-leaves.ts';

/** What is tried once: a text in a place, and all that the workflow meets besides. */
export interface Attempt {
  readonly pack: string;
  readonly attack: string;
  /** `honest`: nothing is attacked, and work should go on as without it. */
  readonly goal: Goal | 'honest';
  readonly honest: HonestCase;
  readonly place: Place;
  readonly dress: string | null;
  /** As it was put into the place. */
  readonly text: string;
  readonly attacker: Attacker;
  readonly stage: Stage;
}

interface Material {
  readonly definition: WorkflowDefinition;
  readonly packs: readonly Pack[];
  readonly cases: readonly HonestCase[];
  readonly out_of_reach: readonly string[];
  readonly seed: number;
}

interface Prepared {
  readonly honest: HonestCase;
  readonly results: Readonly<Record<string, JsonObject>>;
  readonly places: readonly Place[];
  /** Every value of the honest work. */
  readonly taken: ReadonlySet<string>;
}

/** What an attack may be put together from: the attack, where, and in which dress. */
export interface Recipe {
  readonly pack: string;
  readonly attack: Attack;
  readonly prepared: Prepared;
  readonly place: Place;
  readonly dress: string | null;
}

const DRESS_NAMES = Object.keys(DRESSES);
/** Where somebody outside can write; `input` is the requester’s own. */
const OUTSIDE = ['field', 'text', 'hidden', 'name', 'metadata', 'result'];
const TRIES = 30;

/** Makes attempts of the attacks, seeded: first each attack once and undressed, over all places in turn. */
export function attemptMaker({ definition, packs, cases, out_of_reach, seed }: Material) {
  const choose = choices(seed);
  const prepared = cases.map((honest) => prepare(definition, honest, out_of_reach, choose));
  const attacks = choose.shuffled(
    packs.flatMap(({ name, attacks }) => attacks.map((attack) => ({ pack: name, attack }))),
  );
  const queues = new Map<Prepared, Place[]>(prepared.map((each) => [each, []]));
  let made = 0;
  let turn = 0;

  /** The next place that an attack can enter, each place once before any comes again. */
  const placeFor = (each: Prepared, allowed: readonly string[]): Place | null => {
    const queue = queues.get(each)!;
    const usable = (place: Place) => allowed.includes(place.kind);
    if (!queue.some(usable)) queue.push(...choose.shuffled(each.places));
    const at = queue.findIndex(usable);
    return at === -1 ? null : queue.splice(at, 1)[0]!;
  };

  const cook = ({ pack, attack, prepared: each, place, dress }: Recipe): Attempt | null => {
    const attacker = attackerOf(seed + ++made, definition.tools, each.taken);
    const tool = choose.pick(definition.tools)?.name ?? 'send_message';
    const filled = fillAttack(attack.text, attacker, tool);
    const text = dress === null ? filled : DRESSES[dress]!(filled, choose);
    const stage = setStage(definition, each.honest, each.results, attacker, { place, text });
    if (!stage) return null;
    return {
      ...{ pack, attack: attack.id, goal: attack.goal, honest: each.honest },
      ...{ place, dress, text, attacker, stage },
    };
  };

  return {
    /** The next attempt by plan; `null` where the workflow has no place that any attack could enter. */
    next(): { readonly recipe: Recipe; readonly attempt: Attempt } | null {
      for (let n = 0; n < TRIES && attacks.length > 0; n++) {
        const round = Math.floor(turn / attacks.length);
        const chosen = attacks[turn % attacks.length]!;
        const each = prepared[turn % prepared.length]!;
        turn++;
        const place = placeFor(each, chosen.attack.places ?? OUTSIDE);
        if (!place) continue;
        const dress = round === 0 || choose.next(3) === 0 ? null : choose.pick(DRESS_NAMES);
        const recipe = { ...chosen, prepared: each, place, dress };
        const attempt = cook(recipe);
        if (attempt) return { recipe, attempt };
      }
      return null;
    },

    /** Another attempt near one that got far: the same with one thing changed. */
    near(recipe: Recipe): { readonly recipe: Recipe; readonly attempt: Attempt } | null {
      for (let n = 0; n < TRIES; n++) {
        const changed = mutated(recipe, attacks, choose, placeFor);
        const attempt = changed && cook(changed);
        if (changed && attempt) return { recipe: changed, attempt };
      }
      return null;
    },

    /** One attempt for each honest text, over the places in turn. */
    honest(): Attempt[] {
      const texts = packs.flatMap((pack) => pack.honest.map((honest) => ({ pack: pack.name, honest })));
      return texts.flatMap(({ pack, honest: { id, text } }, index) => {
        const each = prepared[index % prepared.length]!;
        const attack: Attack = { id, goal: 'mislead', text };
        for (let n = 0; n < TRIES; n++) {
          const place = placeFor(each, OUTSIDE);
          const attempt = place && cook({ pack, attack, prepared: each, place, dress: null });
          if (attempt) return [{ ...attempt, goal: 'honest' as const }];
        }
        return [];
      });
    },

    /** The same stage with nothing but plain words in the place: what honest work does there. */
    control({ honest, place }: Pick<Attempt, 'honest' | 'place'>): Stage {
      const each = prepared.find((one) => one.honest === honest)!;
      const attacker = attackerOf(seed, definition.tools, each.taken);
      const plain = { place, text: 'As discussed.' };
      return (
        setStage(definition, honest, each.results, attacker, plain) ??
        setStage(definition, honest, each.results, attacker, null)!
      );
    },
  };
}

function prepare(
  definition: WorkflowDefinition,
  honest: HonestCase,
  out_of_reach: readonly string[],
  choose: Choices,
): Prepared {
  const results = honestResults(definition, honest, choose);
  const said = [honest.input, results, honest.sources as unknown as JsonObject];
  return {
    ...{ honest, results, places: placesOf(definition, honest, results, out_of_reach) },
    taken: new Set(said.flatMap((value) => leavesOf(value).map((leaf) => String(leaf.value)))),
  };
}

function mutated(
  recipe: Recipe,
  attacks: readonly { readonly pack: string; readonly attack: Attack }[],
  choose: Choices,
  placeFor: (each: Prepared, allowed: readonly string[]) => Place | null,
): Recipe | null {
  const { attack, prepared } = recipe;
  switch (choose.next(4)) {
    case 0:
      return { ...recipe, dress: choose.pick(DRESS_NAMES) };
    case 1:
      return { ...recipe, dress: null };
    case 2: {
      const place = placeFor(prepared, attack.places ?? OUTSIDE);
      return place && { ...recipe, place };
    }
    default: {
      // Two attacks in one text: the second says what the first leaves open.
      const other = choose.pick(attacks).attack;
      const text = `${attack.text} ${other.text}`.slice(0, 8000);
      return { ...recipe, attack: { ...attack, id: `${attack.id}+${other.id}`.slice(0, 120), text } };
    }
  }
}
