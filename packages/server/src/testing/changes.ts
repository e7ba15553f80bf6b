import { digestOf, SYSTEM_ACTOR } from '@portreeve/contract';
import { openChange } from '@portreeve/govern';
import { changeStore } from '../store/changes.ts';
import type { TestServer } from './server.ts';

let count = 0;

/** Opens a change of a house that touches these workflows, as a start or an answer of a model does. Gives its id. */
export async function openedChange(
  { server: { services } }: Pick<TestServer, 'server'>,
  workflows: readonly string[] = [],
  text = 'main/claude-x answers as claude-x-2; it was claude-x-1',
): Promise<string> {
  const { database, audit, clock } = services;
  const changes = changeStore(database);
  const subject = `main/claude-${++count}`;
  await database.transaction(async (tx) => {
    const opened = await openChange({ changes, clock }, tx, {
      ...{ kind: 'model', subject, from: digestOf('one'), to: digestOf('two'), after: { answered: 'two' } },
      touched: { workflows, owners: ['business', 'security'], risk: 'medium' },
      pieces: [{ area: 'model versions', text, loosens: true, lines: [] }],
      reason: 'The model answered by it, and nobody here has changed anything.',
      actor: SYSTEM_ACTOR,
    });
    await audit.append(tx, opened);
  });
  return (await changes.list({ kind: 'model' })).find((each) => each.subject === subject)!.change;
}
