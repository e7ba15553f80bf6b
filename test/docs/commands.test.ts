import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../repository.ts';
import { blocks } from './blocks.ts';

/** Languages of blocks that people type, or see. */
const COMMANDS = ['', 'sh', 'text', 'console', 'yaml'];

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
  .filter(({ language }) => COMMANDS.includes(language))
  .flatMap(({ file, text }) =>
    text
      .replaceAll('\\\n', ' ')
      .split(/\n|\s{2,}(?=portreeve )/)
      .flatMap((line) => {
        const [, rest] =
          /^\s*(?:\$ |- run: )?(?:[A-Z_]+=\S+ )*(?:npx |npm run |node_modules\/\.bin\/)?portreeve (?:-- )?([^|>;&#]*)/.exec(
            line,
          ) ?? [];
        return rest === undefined ? [] : [{ file, command: rest.trim() }];
      }),
  );

/** What a client of MCP is told to start. */
const started = blocks
  .filter(({ words }) => words.get('in') === 'mcp-client')
  .flatMap(({ file, text }) => {
    const servers: { command: string; args: string[] }[] = Object.values(JSON.parse(text).mcpServers);
    return servers.map(({ command, args }) => ({
      file,
      command: `${command} ${args.join(' ')}`.replace('npx portreeve ', ''),
    }));
  });

test('J6: there are commands in the documentation, and these tests see them', () => {
  expect(commands.length).toBeGreaterThan(60);
  expect(started).toHaveLength(1);
});

test('J6: every command in the documentation is one, with options that it has', () => {
  const faults = [...commands, ...started].flatMap(({ file, command }) => {
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
