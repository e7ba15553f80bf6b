import type { Element } from './tree.ts';

interface Compound {
  readonly tag: string | null;
  readonly id: string | null;
  readonly classes: readonly string[];
  readonly attributes: readonly { readonly name: string; readonly op: string; readonly value: string }[];
  /** How it is joined to the compound before it. */
  readonly combinator: ' ' | '>' | null;
}

export interface Selector {
  readonly compounds: readonly Compound[];
  /** Ids, then classes and attributes, then tags, as one number. */
  readonly specificity: number;
}

const NAME = String.raw`[-_a-zA-Z\u0080-\uffff][-_a-zA-Z0-9\u0080-\uffff]*`;
const PART = new RegExp(
  String.raw`(?<tag>\*|${NAME})|#(?<id>[-_a-zA-Z0-9\u0080-\uffff]+)|\.(?<class>${NAME})|\[\s*(?<name>${NAME})\s*(?:(?<op>[~|^$*]?=)\s*(?:"(?<double>[^"]*)"|'(?<single>[^']*)'|(?<bare>[^\s\]"']+))\s*[is]?\s*)?\]`,
  'y',
);
/** States in which a document is not when it is opened: a rule that needs one does not apply. */
const STATE = /:(?:hover|focus(?:-within|-visible)?|active|visited|target|checked|invalid|disabled)\b/;

/**
 * Parses one selector of tags, classes, ids, attributes, descendants and children. `never`: it needs a state that an
 * opened document is not in. `null`: it is of a kind that is not judged.
 */
export function parseSelector(text: string): Selector | 'never' | null {
  if (text.length > 500) return null;
  if (STATE.test(text)) return 'never';
  const compounds: Compound[] = [];
  let rest = text
    .trim()
    .replaceAll(/:root\b/g, 'html')
    .replaceAll(/:link\b/g, '');
  let combinator: Compound['combinator'] = null;
  let specificity = 0;
  while (rest !== '') {
    let at = 0;
    const compound = { tag: null as string | null, id: null as string | null, classes: [] as string[] };
    const attributes: { name: string; op: string; value: string }[] = [];
    for (;;) {
      PART.lastIndex = at;
      const groups = PART.exec(rest)?.groups;
      if (!groups) break;
      at = PART.lastIndex;
      if (groups.tag !== undefined) {
        if (groups.tag !== '*') {
          compound.tag = groups.tag.toLowerCase();
          specificity += 1;
        }
      } else if (groups.id !== undefined) {
        compound.id = groups.id;
        specificity += 10_000;
      } else {
        specificity += 100;
        if (groups.class !== undefined) compound.classes.push(groups.class);
        else
          attributes.push({
            name: groups.name!.toLowerCase(),
            op: groups.op ?? '',
            value: groups.double ?? groups.single ?? groups.bare ?? '',
          });
      }
    }
    if (at === 0) return null;
    compounds.push({ ...compound, attributes, combinator });
    const joint = /^\s*(>)\s*|^\s+/.exec(rest.slice(at));
    rest = rest.slice(at);
    if (rest === '') break;
    if (!joint) return null;
    combinator = joint[1] === '>' ? '>' : ' ';
    rest = rest.slice(joint[0].length);
    if (rest === '') return null;
  }
  return compounds.length === 0 ? null : { compounds, specificity };
}

/** Whether an element is what the selector means. `count` is told each comparison, to bound the work. */
export function matches({ compounds }: Selector, element: Element, count: () => void): boolean {
  return matchesFrom(compounds, compounds.length - 1, element, count);
}

function matchesFrom(
  compounds: readonly Compound[],
  index: number,
  element: Element | null,
  count: () => void,
): boolean {
  count();
  const compound = compounds[index]!;
  if (element === null || element.parent === null || !fits(compound, element)) return false;
  if (index === 0) return true;
  if (compound.combinator === '>') return matchesFrom(compounds, index - 1, element.parent, count);
  for (let above: Element | null = element.parent; above !== null; above = above.parent)
    if (matchesFrom(compounds, index - 1, above, count)) return true;
  return false;
}

const classes = new WeakMap<object, readonly string[]>();

function classesOf(attributes: Readonly<Record<string, string>>): readonly string[] {
  const known = classes.get(attributes) ?? (attributes.class ?? '').split(/\s+/);
  classes.set(attributes, known);
  return known;
}

function fits(compound: Compound, { name, attributes }: Element): boolean {
  if (compound.tag !== null && compound.tag !== name) return false;
  if (compound.id !== null && attributes.id !== compound.id) return false;
  if (compound.classes.length > 0) {
    const own = classesOf(attributes);
    if (!compound.classes.every((each) => own.includes(each))) return false;
  }
  return compound.attributes.every(({ name: key, op, value }) => {
    if (!Object.hasOwn(attributes, key)) return false;
    const own = attributes[key]!;
    if (op === '') return true;
    if (op === '=') return own === value;
    if (value === '') return false;
    if (op === '^=') return own.startsWith(value);
    if (op === '$=') return own.endsWith(value);
    if (op === '*=') return own.includes(value);
    if (op === '~=') return own.split(/\s+/).includes(value);
    return own === value || own.startsWith(`${value}-`);
  });
}

/** What the last compound certainly needs: rules are looked up by it. */
export function keyOf({ compounds }: Selector): string {
  const { id, classes, tag } = compounds.at(-1)!;
  if (id !== null) return `#${id}`;
  return classes.length > 0 ? `.${classes[0]}` : (tag ?? '*');
}
