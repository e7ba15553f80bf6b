import { draft, SYSTEM_ACTOR, type WorkflowDefinition } from '@portreeve/contract';
import { expect, test } from 'vitest';
import caseNote from '../testing/project/workflows/case-note/workflow.ts';
import { whileUnplaced } from './while-unplaced.ts';

const [lookUp, publish] = caseNote.tools;
const workflow = (name: string, over: object = {}): WorkflowDefinition => ({
  ...caseNote,
  contract: { ...caseNote.contract, name, tier: 'low', while_unplaced: 'continue', ...over },
  tools: [
    lookUp!,
    publish!,
    { ...lookUp!, name: 'wipe_cache', destructive: true },
    { ...lookUp!, name: 'fetch_page', egress: true },
    { ...lookUp!, name: 'set_status', effect: 'write' },
  ],
});
const mayWait = whileUnplaced([
  workflow('goes-on'),
  workflow('says-stop', { while_unplaced: 'stop' }),
  workflow('says-nothing', { while_unplaced: undefined }),
]);
const about = (refs?: { workflow?: string; tool?: string }) =>
  mayWait(
    draft({
      type: 'system.stopped',
      actor: SYSTEM_ACTOR,
      ...(refs === undefined ? {} : { refs }),
      data: { reason: 'x' },
    }),
  );

test.each([
  ['of a workflow that continues', { workflow: 'goes-on' }, true],
  ['and its tool of tier 1', { workflow: 'goes-on', tool: 'look_up_owner' }, true],
  ['and its tool of tier 3', { workflow: 'goes-on', tool: 'publish_note' }, false],
  ['and a destructive tool of tier 1', { workflow: 'goes-on', tool: 'wipe_cache' }, false],
  ['and a read of tier 1 that sends data out', { workflow: 'goes-on', tool: 'fetch_page' }, false],
  ['and a write of tier 1', { workflow: 'goes-on', tool: 'set_status' }, false],
  ['and a tool that it does not have', { workflow: 'goes-on', tool: 'declassify_value' }, false],
  ['of one that says stop', { workflow: 'says-stop' }, false],
  ['of one that says nothing', { workflow: 'says-nothing' }, false],
  ['of one that is not loaded', { workflow: 'unknown' }, false],
  ['of a tool without a workflow', { tool: 'look_up_owner' }, false],
  ['of nothing', undefined, false],
])('G3 C4: a record %s', (_, refs, waits) => {
  expect(about(refs)).toBe(waits);
});
