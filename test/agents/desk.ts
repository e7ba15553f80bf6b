import { join } from 'node:path';
import { createGate, type Gate } from '@portreeve/sdk/gate';
import { AGENT_TOOLSET, type SignedInClient, type TestServer, testServer } from '@portreeve/server/testing';
import { ROOT } from '../repository.ts';

/** A house with tools that agents carry out themselves (`desk_…`) besides its own (`cases_…`). */
export async function deskHouse(): Promise<TestServer> {
  const desk = { name: 'desk', approvers: AGENT_TOOLSET.approvers, tools: join(ROOT, 'test/support/desk-tools.ts') };
  return testServer({ config: { mcp: { toolsets: [AGENT_TOOLSET, desk] } } });
}

let people = 0;

/** Somebody whose session has read nothing. */
export const somebody = (house: TestServer): Promise<SignedInClient> =>
  house.addAccount(`desk-user-${++people}`, ['requester']);

export const gateOf = (house: TestServer, { token }: { readonly token: string }): Gate =>
  createGate({ url: house.url, token });

/** A gate that nobody answers at. */
export const noGate = (): Gate => createGate({ url: 'http://127.0.0.1:65535', token: 'x' });

/** People approve, or deny, what an answer says that it waits for. */
export async function decide(house: TestServer, said: string, verdict: 'approve' | 'deny'): Promise<void> {
  const [approval] = /appr_[a-z0-9]+/.exec(said) ?? [];
  const lead = await house.as('lead');
  const shown = (await lead.get(`/v1/approvals/${approval}`)).body;
  const { status } = await lead.post(`/v1/approvals/${approval}/verdicts`, await house.verdict('lead', shown, verdict));
  if (status !== 201) throw new Error(`the verdict was not taken: ${status}`);
}
