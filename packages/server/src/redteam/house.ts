import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  asId,
  isPortreeveError,
  newId,
  PortreeveError,
  type ProjectConfig,
  principalSchema,
  type Run,
  systemClock,
} from '@portreeve/contract';
import type { Seen, Stage } from '@portreeve/govern';
import { sql } from 'kysely';
import { plainKeystore } from '../config/secrets.ts';
import type { Services } from '../services.ts';
import { startServer } from '../start.ts';
import type { Throwaway } from '../throwaway.ts';
import { type ShownAction, type TiredPeople, tiredPeople } from './approver.ts';
import { createJournal, envelope } from './rehearsal.ts';

export interface House {
  /** Carries one stage of a workflow through, and says what was seen. */
  play(workflow: string, stage: Stage): Promise<Seen>;
  /** All that the server has written to its log. */
  log(): Promise<string>;
}

const LOOK_EVERY_MS = 4;
const RUN_MS_MAX = 60_000;
/** A run that waits is asked for whom only now and then. */
const LOOKS_WAITING = 10;

/** Starts a whole Portreeve of a project in a folder and a database that are thrown away, with a journal for all that lies outside. */
export async function openHouse(
  { folder, databaseUrl, undo }: Throwaway,
  options: {
    readonly project: string;
    readonly groups: readonly string[];
    /** Names of credentials that contracts want; what they hold here opens nothing. */
    readonly credentials: readonly string[];
    readonly environment: ProjectConfig['environment'];
    readonly models: ProjectConfig['models'] | null;
    /** Keys of the configured models, by the name of the secret. */
    readonly modelKeys: Readonly<Record<string, string>>;
  },
): Promise<House> {
  const stateFolder = join(folder, 'state');
  const journal = createJournal();
  const keystore = plainKeystore(stateFolder, options.environment);
  for (const name of options.credentials) await keystore.set(name, 'a-credential-that-opens-nothing');
  for (const [name, key] of Object.entries(options.modelKeys)) await keystore.set(name, key);
  const { project, models } = options;
  const server = await startServer({
    ...{ project, stateFolder, databaseUrl, port: 0, env: {} },
    rehearsal: { models, readers: journal.readers, connector: journal.connector },
  });
  undo(() => server.stop('the red team is done'));
  const { services } = server;
  const people = await tiredPeople(services, options.groups);

  return {
    async play(workflow, stage) {
      const requester = principalSchema.parse({
        ...{ id: newId('principal', systemClock), kind: 'service', name: 'red-team' },
        ...stage.requester,
      });
      const task = { workflow, input: stage.input, attachments: [envelope(stage)] };
      const run = await services.submit(task, requester).catch((error: unknown) => {
        if (isPortreeveError(error, 'refused')) return null;
        throw error;
      });
      if (!run) return { ended: 'refused', calls: [], shown: [], questions: 0, result: null };
      journal.open(run.id, stage);
      const { ended, shown, last } = await follow(services, run, people, stage.answers);
      // What rules count over runs must not make one attempt depend on those before.
      await sql`DELETE FROM action_history`.execute(services.database.read);
      const { records } = await services.audit.search({ run: run.id, type: 'model.answered', limit: 500 });
      return { ended, shown, calls: journal.close(run.id), questions: records.length, result: last.result };
    },
    log: () => readFile(join(stateFolder, 'server.log'), 'utf8'),
  };
}

/** Looks at a run until it has ended or waits for what nobody here does; approvals are given as they come. */
async function follow(
  services: Services,
  run: Run,
  people: TiredPeople,
  answers: Stage['answers'],
): Promise<{ readonly ended: Seen['ended']; readonly shown: readonly ShownAction[]; readonly last: Run }> {
  const shown: ShownAction[] = [];
  const asked = new Set<string>();
  let looks = 0;
  for (const end = Date.now() + RUN_MS_MAX; Date.now() < end; await delay(LOOK_EVERY_MS)) {
    const last = (await services.runs.get(run.id)) ?? run;
    const { state, approval } = last;
    if (state !== 'queued' && state !== 'running' && state !== 'waiting') return { ended: state, shown, last };
    if (approval !== null && !asked.has(approval)) {
      asked.add(approval);
      shown.push(await people.approve(asId('approval', approval)));
    } else if (state === 'waiting' && ++looks % LOOKS_WAITING === 0 && (await isStuck(services, last, people, answers)))
      return { ended: 'waits', shown, last };
  }
  throw new PortreeveError('internal', `The run ${run.id} of the red team did not end.`);
}

/** Whether it waits for what nobody here does: a further approval, or work for which the stage has no answer. */
async function isStuck(
  { approvals, handoffs }: Services,
  { id, approval }: Run,
  people: TiredPeople,
  answers: Stage['answers'],
): Promise<boolean> {
  if (approval !== null) return (await approvals.get(asId('approval', approval)))?.state === 'pending';
  const [open] = await handoffs.list({ run: id, states: ['open', 'taken'], limit: 1 });
  return open !== undefined && !(await people.work(open, answers));
}
