import { type JsonObject, type Label, Labelled, type Provenance } from '@portreeve/contract';
import { testContract } from '@portreeve/execute/testing';
import { expect, test } from 'vitest';
import { gateHarness } from './testing/index.ts';

const MODEL: Label = { integrity: 'untrusted', confidentiality: 'public', categories: [], origins: ['model:p'] };

async function submitted(over: Partial<Parameters<ReturnType<typeof gateHarness>['wish']>[0]>) {
  const harness = gateHarness();
  const contract = testContract({
    tier: 1,
    effect: 'write',
    undo: { tool: 'retract_case_summary', args: {}, window_minutes: 60 },
  });
  const wanted = harness.wish({ contract, ...over });
  await harness.process('one').gate.submit(wanted);
  const { proposal } = (await harness.stored(wanted.id))!;
  return { harness, proposal };
}

test('D6 D9: a restored value has the origin of what it stood for; who repeated it stays in the influence', async () => {
  const stoodFor: Provenance[] = [{ path: '/summary', kind: 'untrusted-document', origins: ['mails'] }];
  const args = { case_id: 'case-7', summary: new Labelled('maria@shop.example', MODEL) };
  const { proposal } = await submitted({ args, stoodFor });
  expect(proposal.provenance).toEqual([
    { path: '/case_id', kind: 'request', origins: ['request'] },
    { path: '/summary', kind: 'untrusted-document', origins: ['mails'] },
  ]);
  expect(proposal.influence).toMatchObject({ integrity: 'untrusted', origins: ['model:p'] });
});

test('D6: what is word for word in the request is the request’s, whatever it stood for', async () => {
  const stoodFor: Provenance[] = [{ path: '/case_id', kind: 'untrusted-document', origins: ['mails'] }];
  const args = { case_id: new Labelled('case-7', MODEL), summary: 'x' };
  expect((await submitted({ args, stoodFor })).proposal.provenance[0]).toMatchObject({ kind: 'request' });
});

test('D4: every decision on a proposal, now and again, is told the injection score', async () => {
  const { harness } = await submitted({ injection: 730 });
  const requests = harness.audit.of('decision.made').map(({ data }) => data.request as JsonObject);
  expect(requests.map(({ injection }) => injection)).toEqual([730, 730]);
});
