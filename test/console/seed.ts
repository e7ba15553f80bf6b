import type { TestServer } from '@portreeve/server/testing';

/** What an attacker would write wherever text is taken: markup, a link, a script, and characters that are not seen. */
export const HOSTILE =
  '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>\u202Etxt.exe';

export interface Seeded {
  readonly waiting: string;
  readonly approval: string;
  readonly done: string;
  readonly handoff: string;
  readonly failed: string;
}

/** A morning of the test project: runs that wait, ended well, were denied and failed, an agent, and a failed sign-in. */
export async function seed(house: TestServer): Promise<Seeded> {
  const decide = async (verdict: 'approve' | 'deny'): Promise<string> => {
    const { id } = await house.submit({ case_id: 'CASE-1' });
    const shown = await house.approvalOf(id);
    const signed = await house.verdict('lead', shown, verdict, { reason: 'Read against the case.' });
    await (await house.as('lead')).post(`/v1/approvals/${shown.approval.id}/verdicts`, signed);
    await house.ended(id);
    return id;
  };
  house.downstream.replyWith((_call, response) =>
    response.writeHead(201, { 'content-type': 'application/json' }).end('{"revision":1}'),
  );
  const done = await decide('approve');
  await decide('approve');
  await decide('deny');
  house.downstream.replyWith((_call, response) => response.writeHead(500).end());
  const { id: failed } = await house.submit({ case_id: 'CASE-1', publish: false });
  await house.ended(failed);
  const operator = await house.as('operator');
  const { handoffs } = (await operator.get(`/v1/queue?run=${failed}`)).body;
  const admin = await house.as('admin');
  const agent = {
    name: 'access-helper',
    owner: admin.principal.id,
    purpose: 'Prepares notes for analysts',
    roles: ['requester'],
    tools: ['look_up_owner'],
    data: { confidentiality: 'internal' },
    review_by: new Date(Date.now() + 30 * 86_400_000).toISOString(),
  };
  const { id: agentId } = (await admin.post('/v1/agents', agent)).body;
  await admin.post(`/v1/agents/${agentId}/events`, { event: 'activate', reason: 'Reviewed by security' });
  await house.anonymous.post('/v1/sessions', { name: 'lead', password: 'a guess' });
  await (await house.as('analyst')).get('/v1/accounts');
  for (let n = 0; n < 3; n++) await house.submit({ case_id: 'CASE-1', remark: n === 1 ? HOSTILE : 'As agreed' });
  const { id: waiting } = await house.submit({ case_id: 'CASE-1' });
  const { approval } = await house.approvalOf(waiting);
  return { waiting, approval: approval.id, done, handoff: handoffs[0].id, failed };
}
