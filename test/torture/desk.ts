/**
 * The desk: the system downstream of the torture, a process with a journal of its own. It verifies grants by itself, does a
 * tagging once for a key, and publishes as often as it is told to.
 *
 *   node desk.ts --data DIR --issuer ISS --jwks URL --origin URL
 */
import {
  type Call,
  type GrantUsed,
  grantGate,
  openJournal,
  Problem,
  type Reply,
  rememberGrants,
  serveDownstream,
} from '@portreeve/example-downstream';

/** An effect, as the desk saw it. `repeated`: asked for again by a key, and not done again. */
export interface Done {
  readonly type: 'done' | 'repeated';
  readonly at: string;
  readonly tool: string;
  readonly case_id: string;
  readonly grant: string;
  readonly proposal: string;
  readonly run: string | null;
  readonly args_digest: string;
  readonly key: string | null;
}
export type DeskLine = Done | GrantUsed;

serveDownstream({
  system: 'desk',
  options: { issuer: { type: 'string' }, jwks: { type: 'string' }, origin: { type: 'string' } },
  async start(given) {
    const { journal, lines } = await openJournal<DeskLine>(given.data);
    const grants = grantGate({
      ...{ issuer: given.text('issuer'), jwks: given.address('jwks'), audience: 'urn:portreeve:torture:desk' },
      origin: () => given.text('origin'),
      replay: rememberGrants(journal, lines),
    });
    const doneByKey = new Map<string, number>();
    let count = 0;
    const remember = ({ key }: Done): number => {
      count++;
      if (key !== null) doneByKey.set(key, count);
      return count;
    };
    for (const line of lines) if (line.type === 'done') remember(line);

    const act =
      (tool: string, honoursKey: boolean) =>
      async (call: Call): Promise<Reply> => {
        grants.needed(call);
        const body = call.request.method === 'DELETE' ? {} : await call.body();
        if (Object.hasOwn(body, 'case_id')) throw new Problem(400, 'bad_request', 'The case stands in the address.');
        const [case_id = ''] = call.names;
        const grant = await grants.verify(call, tool, { case_id, ...body });
        const key = honoursKey ? call.header('Idempotency-Key') : null;
        // Two calls with one key must not both find it free.
        return journal.inTurn(async () => {
          const before = key === null ? undefined : doneByKey.get(key);
          const done: Done = {
            type: before === undefined ? 'done' : 'repeated',
            ...{ at: new Date().toISOString(), tool, case_id, key },
            ...{ grant: grant.id, proposal: grant.proposal, run: grant.run, args_digest: grant.args_digest },
          };
          await journal.append(done);
          return { body: { line: before ?? remember(done) } };
        });
      };
    const tag = /^\/cases\/(CASE-\d{1,9})\/tag$/;
    return {
      routes: [
        { method: 'POST', path: tag, handle: act('tag_case', true) },
        { method: 'DELETE', path: tag, handle: act('untag_case', true) },
        { method: 'POST', path: /^\/cases\/(CASE-\d{1,9})\/notes$/, handle: act('publish_note', false) },
      ],
      close: () => journal.close(),
    };
  },
});
