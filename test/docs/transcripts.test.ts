import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { command, type Installation, installation } from '@portreeve/cli/testing';
import { freePort } from '@portreeve/server/testing';
import { afterAll, expect, test } from 'vitest';
import { ROOT } from '../repository.ts';
import { signIn } from '../support/people.ts';
import { cleanUp, start } from '../support/processes.ts';
import { type Block, blocks, placeOf } from './blocks.ts';
import { copyOf, readerProject } from './reader-project.ts';
import { expectShown } from './shown.ts';
import { namedIn, stepsOf, wordsOf } from './transcript.ts';

/* What people type and see: each command of a page, in its order, in one project or against one server. */

interface Place {
  readonly folder: string;
  /** Behind each command: the server that it asks. */
  readonly words: readonly string[];
  readonly url: string | null;
  readonly ids: Map<string, string>;
  readonly variables: Map<string, string>;
}

/** What a page says that somebody did to the project before. */
const BEFORE: Readonly<Record<string, (place: Place) => Promise<void>>> = {
  'misspelt-action': edit('workflows/incident-summary/policies/action.cedar', 'Action::"act"', 'Action::"actt"'),
  'raised-tier': edit('workflows/triage-ticket/tools.ts', 'tier: 2,', 'tier: 3,'),
  'lowered-tier': async (place) => {
    await edit('workflows/support-triage/tools.ts', 'tier: 3,', 'tier: 2,')(place);
    await edit('workflows/support-triage/prompts/draft-reply.md', /\n$/, '\nBe kind.\n')(place);
  },
  continues: edit(
    'workflows/incident-summary/workflow.ts',
    "tier: 'high',",
    "tier: 'high',\n  while_unplaced: 'continue',",
  ),
  'signed-in-twice': async ({ url, folder, ids }) => {
    for (let count = 0; count < 2; count++) {
      const { principal } = await (await signIn(url!, join(folder, '.portreeve'), 'analyst')).get('/v1/session');
      ids.set('prn_01m7xny6v38yb8yks1j973412p', principal.id);
    }
  },
  /** What an operator gives an auditor on paper. */
  'keys-on-paper': async ({ url, folder }) => {
    const { logs } = await (await signIn(url!, join(folder, '.portreeve'), 'admin')).get('/v1/system');
    const [{ vkey, cosigner_vkey }] = logs;
    await writeFile(join(folder, 'log.vkey'), `${vkey}\n`);
    const policy = [`log ${vkey}`, `witness second-signature ${cosigner_vkey}`, 'quorum second-signature'];
    await writeFile(join(folder, 'policy'), `${policy.join('\n')}\n`);
  },
  'one-word-changed': edit('export/entries.jsonl', '\\"permit\\"', '\\"refuse\\"'),
  // As the analyst, who may not decide.
  asked: async (place) => {
    const { code, text } = await typed(place, ['portreeve', 'run', 'incident-summary', '--input', 'input.json']);
    expect(code, text).toBe(3);
  },
  'wrong-expectation': edit(
    'workflows/triage-ticket/tests/triage-ticket.test.yaml',
    'urgency: high }\n          label',
    'urgency: low }\n          label',
  ),
};

function edit(file: string, from: string | RegExp, to: string) {
  return async ({ folder }: Place) => {
    const before = await readFile(join(folder, file), 'utf8');
    const after = before.replace(from, to);
    expect(after, `${file} is changed`).not.toBe(before);
    await writeFile(join(folder, file), after);
  };
}

let house: Installation | undefined;
const places = new Map<string, Promise<Place>>();
afterAll(async () => {
  await house?.stop();
  await cleanUp();
});

async function openPlace(at: string): Promise<Place> {
  const fresh = { ids: new Map<string, string>(), variables: new Map<string, string>() };
  if (at !== 'house') return { folder: await copyOf(at), words: [], url: null, ...fresh };
  house = await installation(await freePort(), { log_origin: 'acme.example/audit' });
  await writeFile(join(house.folder, 'input.json'), '{"case_id":"CASE-1042"}\n');
  const { url } = house.server;
  return { folder: house.folder, words: ['--server', url, '--state', house.state], url, ...fresh };
}

/** Each page has a project of its own, and what it changes is changed in a copy; all share the server. */
async function placeFor({ file, words }: Block): Promise<Place> {
  const at = words.get('at')!;
  const key = at === 'house' ? at : `${file} ${at}`;
  const known = places.get(key) ?? openPlace(at);
  places.set(key, known);
  const change = words.get('with');
  if (change === undefined) return known;
  const place = at === 'house' ? await known : await changed(await known);
  await BEFORE[change]!(place);
  return place;
}

async function changed(place: Place): Promise<Place> {
  const folder = await readerProject();
  await cp(place.folder, folder, { recursive: true, filter: (from) => !from.endsWith('/node_modules') });
  return { ...place, folder };
}

async function typed(place: Place, words: readonly string[]): Promise<{ code: number; text: string }> {
  const environment: Record<string, string> = {};
  const rest = [...words];
  while (/^[A-Z_]+=/.test(rest[0] ?? '')) {
    const [name = '', ...value] = rest.shift()!.split('=');
    environment[name] = value.join('=');
  }
  if (rest[0] === 'curl') return fetched(place, rest.slice(1));
  if (rest[0] === 'npx') return verified(place, rest.slice(1));
  expect(rest[0]).toBe('portreeve');
  const home = process.cwd();
  process.chdir(place.folder);
  try {
    const { code, out, err } = await command([...rest.slice(1), ...place.words], environment);
    return { code, text: `${out}${err}` };
  } finally {
    process.chdir(home);
  }
}

/** `npx @portreeve/verify …`, or by the name of its command: a program of its own, which knows no server. */
async function verified({ folder }: Place, [name, ...words]: readonly string[]) {
  expect(['@portreeve/verify', 'portreeve-verify']).toContain(name);
  const main = join(ROOT, 'packages/verify/src/main.ts');
  const { code, out, err } = await start(process.execPath, [main, ...words], { cwd: folder }).ended;
  return { code: code ?? -1, text: `${out}${err}` };
}

/** `curl -s URL -H HEADER --data-urlencode NAME=VALUE`, at our server. */
async function fetched({ url }: Place, words: readonly string[]): Promise<{ code: number; text: string }> {
  const headers = new Headers();
  const form = new URLSearchParams();
  let address = '';
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    if (word === '-H') headers.append(...(words[++index]!.split(/:\s*/) as [string, string]));
    else if (word === '--data-urlencode') form.append(...(words[++index]!.split(/=(.*)/s, 2) as [string, string]));
    else if (word.startsWith('http')) address = word;
    else expect(word).toBe('-s');
  }
  const at = address.replace('http://127.0.0.1:7410', url!);
  const answer = await fetch(at, form.size > 0 ? { method: 'POST', headers, body: form } : { headers });
  return { code: answer.ok ? 0 : 1, text: await answer.text() };
}

/** An agent is retired there, and stays frozen: what other pages show of freezes comes before. */
const LAST = 'docs/guides/identity.md';
const transcripts = blocks
  .filter(({ words }) => words.has('at'))
  .sort((one, other) => Number(one.file === LAST) - Number(other.file === LAST))
  .map((block) => ({ block, place: placeOf(block) }));

test('J6: there are transcripts in the documentation, and these tests see them', () => {
  expect(transcripts.length).toBeGreaterThan(12);
  const named = transcripts.map(({ block }) => block.words.get('with'));
  expect(Object.keys(BEFORE).filter((name) => !named.includes(name))).toEqual([]);
});

test.each(transcripts)('J6: what $place shows is what comes', { timeout: 120_000 }, async ({ block }) => {
  const place = await placeFor(block);
  for (const { command: line, name, shown } of stepsOf(block)) {
    const now = [...place.ids].reduce((text, [that, id]) => text.replaceAll(that, id), line);
    const { code, text } = await typed(place, wordsOf(now, place.variables));
    if (name !== null) place.variables.set(name, text.split('\n')[0]!);
    if (shown.trim() !== '') expectShown(text, shown);
    // What a page does not show goes well, or waits for people.
    else expect([0, 3], text).toContain(code);
    for (const [that, id] of namedIn(shown, text)) place.ids.set(that, id);
  }
});
