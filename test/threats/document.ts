import { ARROWS } from './arrows.ts';
import { ACTORS, ASSETS, ENTRIES, STRIDE, type Threat } from './model.ts';
import { THREATS } from './threats.ts';

const cell = (text: string): string => text.replaceAll('|', '\\|');
const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
const list = (items: readonly string[]): string => items.map((item) => `- ${item}`).join('\n');

/** docs/threat-model.md, from the data. */
export function threatDocument(): string {
  return `# Threat model

Generated from \`test/threats\` by \`UPDATE_THREATS=1 npx vitest run test/threats.test.ts\`: change it there. A control is what a test shows. Tests are found by the ids that their names begin with (\`npx vitest run -t 'INV1'\`) or by their file. A test holds each name here to a test that runs, and each arrow to all six kinds of STRIDE. What is borne stands under “accepted”, with the reason.

## Assets

${list(ASSETS)}

## Actors

Trusted:

${list(ACTORS.trusted)}

Not trusted:

${list(ACTORS.not_trusted)}

## Entry points

${list(ENTRIES)}

## Arrows, by kind of threat

| arrow | carries | ${STRIDE.join(' | ')} |
|---|---|${STRIDE.map(() => '---').join('|')}|
${ARROWS.map(({ from, to, carries, threats }) => row([`${from} → ${to}`, carries, ...STRIDE.map((kind) => threats[kind].join(', '))])).join('\n')}

## Threats

| # | threat | control | shown by | OWASP 2026 |
|---|---|---|---|---|
${THREATS.map(threatRow).join('\n')}

## Accepted

${list(THREATS.filter(({ accepted }) => accepted !== null).map(({ id, threat, accepted }) => `**${id}**, ${threat}: ${accepted}.`))}
`;
}

function threatRow({ id, threat, control, shown_by, owasp, accepted }: Threat): string {
  const shown = shown_by.map((name) => (name.includes('/') ? `\`${name.split(' # ')[0]}\`` : name));
  return row([
    ...[id, threat, accepted === null ? control : `${control}; part of it is accepted, see below`],
    ...[[...new Set(shown)].join(', '), owasp.join(', ')],
  ]);
}
