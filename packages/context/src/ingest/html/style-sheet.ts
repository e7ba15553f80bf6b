import { type Declarations, parseDeclarations, unescapeCss } from './declarations.ts';
import { keyOf, matches, parseSelector, type Selector } from './selectors.ts';
import type { Element } from './tree.ts';

const RULES_MAX = 5000;
/** Comparisons of elements with selectors for one document: beyond, style sheets are not judged. */
const WORK_MAX = 3_000_000;

interface Rule {
  readonly selector: Selector;
  readonly declarations: Declarations;
  readonly order: number;
}

/** Rules of a style sheet that could hide or show something and that this bounded reading cannot apply. */
export interface NotJudged {
  readonly text: string;
  readonly declarations: Declarations;
}

/** The style sheets of one document. A bounded part of CSS: see `selectors.ts`; `@media` as for a screen. */
export class StyleSheets {
  readonly notJudged: NotJudged[] = [];
  /** Text that a sheet adds by `content`. */
  readonly generated: string[] = [];
  readonly #rulesByKey = new Map<string, Rule[]>();
  #rules = 0;
  #work = 0;

  read(css: string): void {
    this.#readBlock(css.replaceAll(/\/\*[\s\S]*?(?:\*\/|$)/g, ' '), 0);
  }

  #readBlock(css: string, depth: number): void {
    for (let at = 0; at < css.length; ) {
      const open = css.indexOf('{', at);
      if (open < 0) break;
      const close = matchingBrace(css, open);
      const head = css.slice(css.lastIndexOf(';', open) >= at ? css.lastIndexOf(';', open) + 1 : at, open).trim();
      const body = css.slice(open + 1, close);
      at = close + 1;
      if (++this.#rules > RULES_MAX) {
        this.#skip('more rules than are read', body);
        return;
      }
      if (head.startsWith('@')) this.#readAt(head, body, depth);
      else this.#readRule(head, body);
    }
  }

  #readAt(head: string, body: string, depth: number): void {
    const media = /^@media\s+(.*)$/is.exec(head)?.[1]?.trim().toLowerCase();
    if (/^@(?:font-face|keyframes|-webkit-keyframes|page|charset)\b/i.test(head)) return;
    if (media !== undefined && /^(?:only\s+)?print\b/.test(media)) return;
    if (depth < 4 && (media === undefined ? /^@layer\b/i.test(head) : /^(?:only\s+)?(?:screen|all)$/.test(media))) {
      this.#readBlock(body, depth + 1);
      return;
    }
    this.#skip(head, body);
  }

  /** A conditional block: whether its rules apply cannot be told. Each of them is noted. */
  #skip(head: string, body: string): void {
    for (const [, inner = ''] of body.matchAll(/\{([^{}]*)\}/g)) this.#note(head, parseDeclarations(inner));
    if (!body.includes('{')) this.#note(head, parseDeclarations(body));
  }

  #note(text: string, declarations: Declarations): void {
    if (declarations.size > 0 && this.notJudged.length < 100) this.notJudged.push({ text, declarations });
  }

  #readRule(head: string, body: string): void {
    const declarations = parseDeclarations(body);
    for (const text of head.split(',')) {
      if (/::?(?:before|after)\b/i.test(text)) {
        const content = /(?:^|;)\s*content\s*:\s*("[^"]*"|'[^']*')/i.exec(body)?.[1]?.slice(1, -1);
        if (content && this.generated.length < 100) this.generated.push(content);
        continue;
      }
      if (declarations.size === 0) continue;
      const selector = parseSelector(unescapeCss(text));
      if (selector === 'never') continue;
      if (selector === null) {
        this.#note(text.trim(), declarations);
        continue;
      }
      const rules = this.#rulesByKey.get(keyOf(selector)) ?? [];
      rules.push({ selector, declarations, order: this.#rules });
      this.#rulesByKey.set(keyOf(selector), rules);
    }
  }

  /**
   * The declarations that win for an element: important ones first, then its style attribute, then specificity, then order;
   * the colours and sizes of old attributes (`hints`) count least.
   */
  styleOf(element: Element, hints: Declarations, inline: Declarations): Declarations {
    const { id, class: classes = '' } = element.attributes;
    const keys = [element.name, '*', ...(id ? [`#${id}`] : []), ...classes.split(/\s+/).map((name) => `.${name}`)];
    const found = keys
      .flatMap((key) => this.#rulesByKey.get(key) ?? [])
      .filter(({ selector }) => matches(selector, element, () => this.#work++ < WORK_MAX || this.#giveUp()));
    if (found.length === 0) return hints.size === 0 ? inline : new Map([...hints, ...inline]);
    found.sort((a, b) => a.selector.specificity - b.selector.specificity || a.order - b.order);
    const winning = new Map<string, { value: string; important: boolean }>();
    for (const declarations of [hints, ...found.map((rule) => rule.declarations), inline])
      for (const [name, declared] of declarations)
        if (declared.important || !winning.get(name)?.important) winning.set(name, declared);
    return winning;
  }

  #giveUp(): void {
    if (this.#rulesByKey.size === 0) return;
    this.#note('the style sheets are too costly to apply', new Map([['display', { value: 'none', important: false }]]));
    this.#rulesByKey.clear();
  }
}

/** Where the block that opens at `open` ends; the end of the text where it does not. Strings may hold braces. */
function matchingBrace(css: string, open: number): number {
  let depth = 0;
  let quote = '';
  for (let at = open; at < css.length; at++) {
    const character = css[at]!;
    if (quote !== '') {
      if (character === '\\') at++;
      else if (character === quote || character === '\n') quote = '';
    } else if (character === '"' || character === "'") quote = character;
    else if (character === '{') depth++;
    else if (character === '}' && --depth === 0) return at;
  }
  return css.length;
}
