import type { Block } from './blocks.ts';

/** One command of a page and what the page shows of its output. */
export interface Step {
  readonly command: string;
  /** What the page calls the output, in a comment behind the command: `# TOKEN`. */
  readonly name: string | null;
  readonly shown: string;
}

/** A block of lines that begin with `$ `, each followed by what it prints. */
export function stepsOf({ text }: Block): Step[] {
  return text
    .replaceAll(/\\\n\s*/g, ' ')
    .split(/^\$ /m)
    .slice(1)
    .map((step) => {
      const [first = '', ...shown] = step.split('\n');
      const [, command = first, name] = /^(.*?)\s+# ([A-Z_]+)$/.exec(first) ?? [];
      return { command: command.trim(), name: name ?? null, shown: shown.join('\n') };
    });
}

/** The words of a command as a shell takes them: quotes, and variables of the page. */
export function wordsOf(command: string, variables: ReadonlyMap<string, string>): string[] {
  const valued = command.replace(/\$([A-Z_]+)/g, (_, name: string) => {
    const value = variables.get(name);
    if (value === undefined) throw new Error(`no command of the page gave ${name}`);
    return value;
  });
  return [...valued.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*')+/g)].map(([word]) =>
    word.replace(/"([^"]*)"|'([^']*)'/g, (_, double?: string, single?: string) => double ?? single ?? ''),
  );
}

/** Ids, public keys, and access tokens, which a page shows by their beginning. */
const NAMES = [
  /\b[a-z]{2,6}_[0-9a-hjkmnp-tv-z]{26}\b/g,
  /(?<![\w/-])[A-Za-z0-9_-]{43}(?![\w/-])/g,
  /\beyJ(…|[\w-]+\.[\w-]+\.[\w-]+)/g,
];

/** What the names that a page shows are this time, so that its later commands can use them. */
export function namedIn(shown: string, came: string): [string, string][] {
  return NAMES.flatMap((pattern) => {
    const [those, these] = [shown.match(pattern) ?? [], came.match(pattern) ?? []];
    return those.length === these.length ? those.map((name, index): [string, string] => [name, these[index]!]) : [];
  });
}
