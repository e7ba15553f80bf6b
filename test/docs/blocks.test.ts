import { readdirSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { projectConfigSchema } from '@portreeve/contract';
import { expect, test } from 'vitest';
import { ROOT } from '../repository.ts';

interface Block {
  readonly file: string;
  readonly language: string;
  readonly text: string;
}

/** Pages that people read: not the generated reference, nor the decisions, which are dated. */
const pages = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md') && !/^(decisions|reference|\.vitepress)\//.test(file))
    .map((file) => `docs/${file}`),
  ...readdirSync(join(ROOT, 'examples')).map((name) => `examples/${name}/README.md`),
].flatMap((file) => {
  try {
    return [{ file, text: readFileSync(join(ROOT, file), 'utf8') }];
  } catch {
    return [];
  }
});
const blocks: Block[] = pages.flatMap(({ file, text }) =>
  [...text.matchAll(/^ *```([\w-]*)[^\n]*\n([\s\S]*?)^ *```/gm)].map(([, language = '', body = '']) => ({
    ...{ file, language, text: body },
  })),
);

const configs = blocks.filter(
  ({ language, text }) => language === 'ts' && /^export default \{/.test(text) && text.includes('workflows:'),
);

test.each(configs)('J6: the configuration in $file is one', async ({ text }) => {
  const { default: config } = await import(`data:text/javascript,${encodeURIComponent(stripTypeScriptTypes(text))}`);
  const parsed = projectConfigSchema.safeParse(config);
  expect(parsed.error?.issues ?? []).toEqual([]);
});

/** Each command of the generated reference with what its section says. */
const sections = new Map(
  readFileSync(join(ROOT, 'docs/reference/cli.md'), 'utf8')
    .split(/^## /m)
    .slice(1)
    .map((section): [string, string] => [section.slice(0, section.indexOf('\n')).trim(), section]),
);
const COMMON = ['--json', '--server', '--state', '--as', '--help', '--version'];

/** What follows `portreeve` on the lines of a block, up to what another program gets. */
const commands = blocks
  .filter(({ language }) => ['', 'sh', 'bash', 'text', 'console'].includes(language))
  .flatMap(({ file, text }) =>
    text
      .replaceAll('\\\n', ' ')
      .split(/\n|\s{2,}(?=portreeve )/)
      .flatMap((line) => {
        const [, rest] =
          /^\s*(?:\$ )?(?:[A-Z_]+=\S+ )*(?:npx |npm run |node_modules\/\.bin\/)?portreeve (?:-- )?([^|>;&#]*)/.exec(
            line,
          ) ?? [];
        return rest === undefined ? [] : [{ file, command: rest.trim() }];
      }),
  );

test('J6: there are configurations and commands in the documentation, and these tests see them', () => {
  expect(configs.length).toBeGreaterThanOrEqual(4);
  expect(commands.length).toBeGreaterThan(60);
});

test('J6: every command in the documentation is one, with options that it has', () => {
  const faults = commands.flatMap(({ file, command }) => {
    const words = command.split(/\s+/).filter((word) => word !== '');
    // Options that are common to all may stand before the command.
    while (words[0]?.startsWith('--')) words.splice(0, words[0].includes('=') || words[0] === '--json' ? 1 : 2);
    const named = [3, 2, 1]
      .map((count) => `portreeve ${words.slice(0, count).join(' ')}`)
      .find((name) => sections.has(name));
    if (named === undefined) return [`${file}: portreeve ${command}`];
    const section = sections.get(named)!;
    return [...command.matchAll(/(?<=\s|^)(--[a-z][a-z-]*)/g)].flatMap(([, option = '']) =>
      COMMON.includes(option) || section.includes(`\`${option}`) || section.includes(`, ${option}`)
        ? []
        : [`${file}: portreeve ${command}: ${option}`],
    );
  });
  expect(faults).toEqual([]);
});
