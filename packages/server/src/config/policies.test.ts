import { rm } from 'node:fs/promises';
import { systemClock } from '@portreeve/contract';
import { actRequest } from '@portreeve/policy/testing';
import { afterEach, describe, expect, test } from 'vitest';
import { soundProject, temporaryProject } from '../testing/temporary-project.ts';
import { loadPolicies } from './policies.ts';
import { loadProject } from './project.ts';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function engineOf(files: Readonly<Record<string, string>>) {
  const folder = await temporaryProject({ ...soundProject(), ...files });
  folders.push(folder);
  return loadPolicies(await loadProject(folder), systemClock);
}

const rule = (id: string, text: string) =>
  `@id("${id}")\n@code("test_rule")\n@reason("A rule of the test.")\n${text}\n`;
const LAYERS = ['identity', 'data', 'action', 'environment'];
const open = Object.fromEntries(
  LAYERS.map((layer) => [`policies/${layer}.cedar`, rule(`${layer}.open`, 'permit (principal, action, resource);')]),
);

const forbidAct = rule('action.never', 'forbid (principal, action == Action::"act", resource);');
const act = (name: string) => actRequest({ workflow: { name } });

test('without rules of its own a project has the baseline', async () => {
  const engine = await engineOf({});
  expect(engine.rules.map((each) => each.id)).toContain('action.tier-3-approval');
});

test('with rules of its own it has those and no others', async () => {
  const engine = await engineOf({ ...open, 'policies/action.cedar': open['policies/action.cedar'] + forbidAct });
  expect(engine.rules.map((each) => each.id).sort()).toEqual(
    [...LAYERS.map((layer) => `${layer}.open`), 'action.never'].sort(),
  );
});

test('A1 C3: rules that open what the tiers keep shut are refused, with file and line', async () => {
  await expect(engineOf(open)).rejects.toMatchObject({
    code: 'policy_broken',
    detail: expect.stringMatching(
      /policies\/action\.cedar:1: rule action\.open: lets the medium workflow case-note use publish_note/,
    ),
  });
});

describe('C4: no policy, nothing starts', () => {
  test('an empty folder of rules is not the baseline', async () => {
    await expect(engineOf({ 'policies/': '' })).rejects.toMatchObject({ code: 'no_policy' });
  });

  test('a file that nobody would read is an error, not a rule that does not hold', async () => {
    await expect(engineOf({ ...open, 'policies/notes.txt': '' })).rejects.toMatchObject({ code: 'policy_broken' });
  });

  test.each(LAYERS)('a project without the layer %s', async (layer) => {
    const { [`policies/${layer}.cedar`]: _, ...others } = open;
    await expect(engineOf(others)).rejects.toMatchObject({ code: 'no_policy', detail: expect.stringContaining(layer) });
  });

  test.each(['permit (principal', 'permit (principal, action == Action::"fly", resource);'])(
    'a rule that does not validate: %s',
    async (text) => {
      await expect(engineOf({ ...open, 'policies/action.cedar': rule('action.bad', text) })).rejects.toMatchObject({
        code: 'policy_broken',
      });
    },
  );
});

describe('A1: a workflow may tighten and never loosen', () => {
  const own = (text: string) => ({ 'workflows/one/policies/action.cedar': text });

  test('its forbid holds for itself alone', async () => {
    const engine = await engineOf(own(forbidAct));
    expect(engine.decide(act('case-note')).outcome).toBe('refuse');
    expect(engine.decide(act('triage')).outcome).toBe('permit');
  });

  test('a permit among its rules is refused', async () => {
    await expect(
      engineOf(own(rule('action.more', 'permit (principal, action == Action::"act", resource);'))),
    ).rejects.toMatchObject({ code: 'policy_broken', detail: expect.stringMatching(/permit/) });
  });
});
