import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../repository.ts';
import { type Block, blocks, pages, placeOf } from './blocks.ts';

/*
 * How each block of the documentation is tried. By its fence: `at=` a transcript (transcripts.test.ts), `file=` a module of
 * its page (packages/verify/src/guide.test.ts), `from=` an excerpt of a file that runs, `in=` a piece of a project, a file of
 * one, or an answer.
 */

/** Languages whose every block is found by its test. */
const WHOLE = ['sql'];
const isWholeConfig = ({ language, text }: Block) => language === 'ts' && text.includes('export default {');
/** Lines that are commands, each looked up in the reference by commands.test.ts. */
const isCommands = ({ language, text }: Block) =>
  ['', 'sh'].includes(language) &&
  text
    .split('\n')
    .every((line) => /^\s*(#.*)?$|^(npx|npm run|portreeve|echo|kubectl|docker|DATABASE_URL=\S+|npm ci)\b/.test(line));

/** What is shown and not tried here, by page and beginning, with the reason. The list only gets shorter. */
const NOT_TRIED: readonly (readonly [file: string, beginning: string, why: string])[] = [
  ['README.md', 'flowchart LR', 'a picture'],
  ['docs/guides/promotion.md', 'added ──test──▶', 'a picture'],
  [
    'docs/guides/promotion.md',
    '$ portreeve release build',
    'needs a release key, owners and a red team: test/end-to-end/promotion.test.ts types the commands',
  ],
  [
    'docs/guides/changes.md',
    '',
    'needs a server that is started anew, owners and a red team: packages/server/src/changes/changes.test.ts',
  ],
  [
    'docs/guides/deploy.md',
    'FROM portreeve',
    'there is no Docker here; test/shipping/dockerfile.test.ts reads our own',
  ],
  ['docs/guides/agents.md', '', 'needs vendors’ services: test/agents/guide.test.ts has each typed'],
  [
    'docs/guides/backup-and-restore.md',
    '$ portreeve restore',
    'stops a server: packages/server/src/backup/backup.test.ts restores',
  ],
  [
    'docs/guides/backup-and-restore.md',
    'log_broken:',
    'needs an anchor that has seen more: packages/server/src/backup/older-backup.test.ts',
  ],
  ['docs/guides/drift.md', '$ portreeve drift', 'takes 230 runs: packages/server/src/governance/drift.test.ts'],
  ['docs/guides/dry-runs.md', 'What it would do', 'a part of an approval: test/end-to-end/access-grant.test.ts'],
  ['docs/guides/erase-a-person.md', 'vault secrets', 'another program’s commands: Vault is not here'],
  ['docs/guides/erase-a-person.md', 'path "transit', 'another program’s policy: Vault is not here'],
  ['docs/guides/evidence.md', '◐ ASI02', 'a part of a report: test/evidence.test.ts'],
  [
    'docs/guides/limits-and-outages.md',
    '$ portreeve run',
    'needs a used-up budget: packages/server/src/limits.test.ts',
  ],
  ['docs/guides/limits-and-outages.md', '$ portreeve drill', 'takes a minute: test/end-to-end/drill.test.ts holds it'],
  [
    'docs/guides/policy.md',
    '$ portreeve policy replay',
    'needs a run and a candidate: packages/cli/src/policy.test.ts',
  ],
  [
    'docs/guides/policy.md',
    '$ portreeve policy explain',
    'needs a run that was approved: packages/cli/src/policy.test.ts',
  ],
  ['docs/guides/red-team.md', '$ portreeve redteam', 'takes half a minute: test/end-to-end/redteam.test.ts runs it'],
  ['docs/guides/red-team.md', '30 2 * * *', 'a line for cron'],
  [
    'docs/guides/undo.md',
    '$ portreeve undo',
    'needs an action that was carried out: test/end-to-end/access-grant.test.ts',
  ],
  ['docs/guides/undo.md', '$ portreeve queue finish', 'needs a lost answer: packages/server/src/http/queue.test.ts'],
  ['docs/guides/verify-the-record.md', 'log acme.example', 'keys of another log, shortened'],
  ['docs/guides/verify-the-record.md', 'witness second-signature', 'keys of another log, shortened'],
  [
    'docs/guides/verify-the-record.md',
    '$ npx @portreeve/verify',
    'another program’s output: packages/verify/src/main.test.ts',
  ],
  [
    'examples/support-triage/README.md',
    'Exactly this',
    'a part of an approval: test/end-to-end/support-triage.test.ts',
  ],
  [
    'examples/support-triage/README.md',
    '  sentences:',
    'a part of an approval: test/end-to-end/support-triage.test.ts',
  ],
];

const isTried = (block: Block): boolean =>
  WHOLE.includes(block.language) || block.words.size > 0 || isWholeConfig(block) || isCommands(block);
const excuseOf = ({ file, text }: Block) =>
  NOT_TRIED.findIndex(([page, beginning]) => page === file && text.startsWith(beginning));

test('J6: each block of the documentation is tried, or says why not', () => {
  expect(blocks.length).toBeGreaterThan(150);
  expect(blocks.filter((block) => !isTried(block) && excuseOf(block) < 0).map(placeOf)).toEqual([]);
});

test('J6: no excuse is left over, and there are no more of them than there were', () => {
  const used = new Set(blocks.filter((block) => !isTried(block)).map(excuseOf));
  expect(NOT_TRIED.filter((_, index) => !used.has(index)).map(([file, beginning]) => `${file}: ${beginning}`)).toEqual(
    [],
  );
  expect(NOT_TRIED.length).toBeLessThanOrEqual(26);
  const named = NOT_TRIED.flatMap(([, , why]) => why.match(/\b(packages|test|examples)\/[\w./-]+\w/g) ?? []);
  expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

/** The words behind a language that some test looks for. */
const KNOWN = ['at', 'each', 'file', 'from', 'in', 'with'];

test('J6: a picture of the site is a file, and no text that nothing there draws', () => {
  const drawn = blocks.filter(({ file, language }) => file.startsWith('docs/') && language === 'mermaid');
  expect(drawn.map(placeOf)).toEqual([]);
});

test('J6: no fence says a word that no test knows', () => {
  expect(blocks.flatMap(({ words }) => [...words.keys()]).filter((word) => !KNOWN.includes(word))).toEqual([]);
});

test('J6: every block of code has a fence, and so is seen here', () => {
  // Four spaces behind an empty line make a block too, but in a list, where they go on with an item.
  const unfenced = pages.flatMap(({ file, text }) => {
    const outside = text.replace(/^( *)```[\s\S]*?^\1```$/gm, '');
    return [...outside.matchAll(/\n\n {4}(?![-*] )\S[^\n]*/g)].map(([line]) => `${file}: ${line.trim()}`);
  });
  expect(unfenced).toEqual([]);
});
