import { cp, mkdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type FaultyPostgres, faultyPostgres } from '@portreeve/server/testing';
import { ROOT } from '../repository.ts';
import { type Apart, startRoles } from '../support/apart.ts';
import { readJournal } from '../support/case-system.ts';
import { type Person, signIn } from '../support/people.ts';
import { cleanUp, type Ended, type Started, start } from '../support/processes.ts';
import type { DeskLine } from './desk.ts';
import { type Host, makeHosts } from './hosts.ts';
import { type Link, openLink } from './link.ts';

export const ROLES = ['api', 'gatekeeper', 'reasoner', 'executor'] as const;
export type Role = (typeof ROLES)[number];
export const WIRES = [...ROLES, 'desk'] as const;
/** From a role to the database; `desk`: from the executor to the system downstream. */
export type Wire = (typeof WIRES)[number];

/** A whole Portreeve, role by role, on a PostgreSQL and a system downstream of its own, and wires between them that break. */
export interface House {
  readonly apart: Apart;
  readonly postgres: FaultyPostgres;
  /** The database by itself, by no wire. */
  readonly databaseUrl: string;
  readonly wires: Readonly<Record<Wire, Link>>;
  /** A host for each role, or why there is none: then all are on this one. */
  readonly hosts: Readonly<Record<Role, Host>> | string;
  readonly people: Readonly<Record<'analyst' | 'lead' | 'auditor' | 'operator', Person>>;
  /** The process that is the role now. */
  running(role: Role): Started;
  /** The user by which the role is known to the database. */
  userOf(role: Role): string;
  /** Ends the process of a role by a signal, and waits until it is gone. */
  end(role: Role, signal: 'SIGKILL' | 'SIGTERM'): Promise<Ended>;
  /** Starts the role anew, on its own state folder. */
  begin(role: Role): Promise<void>;
  /** The version, by its repository, that roles are begun with from now on. */
  use(root: string): void;
  journal(): Promise<DeskLine[]>;
  /** How many records of the log the anchor outside has seen. */
  anchored(): Promise<number>;
  close(): Promise<void>;
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
/** The program of each role, in the repository of its version. */
const PROGRAM = relative(ROOT, here('serve.ts'));
/** Where `startRoles` keeps the state of each. */
const FOLDERS: Readonly<Record<Role, string>> = {
  ...{ api: 'rest', gatekeeper: 'gatekeeper-0', reasoner: 'reasoner-0', executor: 'executor' },
};
const PATIENCE_MS = 8000;
/** For the whole record. */
const EXPORT_MS_MAX = 60_000;
/** Full only where it is filled: an hour of the load takes less. */
const DISK_MB = 1500;

export async function openHouse(): Promise<House> {
  const postgres = await faultyPostgres({ disk_mb: DISK_MB });
  const own = process.env.PORTREEVE_TEST_DATABASE_URL;
  // The database of this house is on the server that is broken, and not on that of other tests.
  process.env.PORTREEVE_TEST_DATABASE_URL = postgres.url;
  const port = Number(new URL(postgres.url).port);
  const made = makeHosts(ROLES);
  const hosts = typeof made === 'string' ? made : made.byName;
  // The database and the desk are on none of the hosts: the wires there begin where all of them can reach them.
  const outside = typeof made === 'string' ? '127.0.0.1' : made.outside;
  const opened = WIRES.map(async (wire) => [wire, await openLink(wire === 'desk' ? 0 : port, outside)] as const);
  const wires = Object.fromEntries(await Promise.all(opened)) as Record<Wire, Link>;
  let version = ROOT;
  let journal = '';
  let folder = '';
  const folderOf = (role: Role) => join(folder, FOLDERS[role]);
  const close = async () => {
    process.env.PORTREEVE_TEST_DATABASE_URL = own;
    await cleanUp();
    for (const wire of Object.values(wires)) await wire.close();
    if (typeof made !== 'string') made.remove();
    await postgres.close();
  };
  /** No host sees the state of another one, or the disk of the desk. */
  const on = (role: Role) => ({
    address: hostOf(role).address,
    command: () => hostOf(role).command([...ROLES.filter((other) => other !== role).map(folderOf), journal]),
  });
  const hostOf = (role: Role): Host => {
    if (typeof hosts === 'string') throw new TypeError(hosts);
    return hosts[role];
  };
  try {
    const apart = await startRoles(
      async ({ root, jwks }) => {
        journal = join(root, 'desk');
        folder = root;
        const origin = `http://${outside}:${wires.desk.port}`;
        const system = start(
          process.execPath,
          [
            here('desk.ts'),
            ...['--port', '0', '--data', journal, '--issuer', 'urn:portreeve:development'],
            ...['--jwks', jwks, '--origin', origin],
          ],
          // It ends when its standard input does.
          { keepInput: true },
        );
        const [, listening = ''] = await system.printed(/"listening":"([^"]+)"/);
        wires.desk.lead(Number(new URL(listening).port));
        await cp(here('project/cases'), join(root, 'project/cases'), { recursive: true });
        await mkdir(join(root, 'outside'));
        return {
          workflow: here('project/workflows/case-work'),
          systems: { desk: { url: origin, private: true } },
          secrets: { rest: {}, executor: {} },
        };
      },
      {
        ...{ split: true, reasoners: 1 },
        ttl_s: 20,
        program: () => ({ root: version, file: join(version, PROGRAM) }),
        config: {
          audit: { checkpoint_every_s: 1, anchors: [{ store: 'folder', name: 'outside', folder: '../outside' }] },
        },
        through(role, databaseUrl) {
          const url = new URL(databaseUrl);
          url.hostname = outside;
          url.port = String(wires[role as Role].port);
          return url.href;
        },
        ...(typeof hosts === 'string' ? {} : { on: (role) => on(role as Role) }),
      },
    );
    const as = (name: string, patience_ms = PATIENCE_MS) => signIn(apart.url, apart.rest.state, name, { patience_ms });
    const people = {
      ...{ analyst: await as('analyst'), lead: await as('lead') },
      ...{ auditor: await as('auditor', EXPORT_MS_MAX), operator: await as('operator') },
    };
    const holders = { api: apart.apis[0]!, gatekeeper: apart.gatekeepers[0]!, reasoner: apart.reasoners[0]! };
    const holderOf = (role: Role) => (role === 'executor' ? apart.executor : holders[role]);
    return {
      ...{ apart, postgres, wires, hosts, people, close, databaseUrl: apart.databaseUrl },
      running: (role) => holderOf(role).process,
      userOf: (role) => new URL(holderOf(role).databaseUrl).username,
      async end(role, signal) {
        const { child, ended } = holderOf(role).process;
        child.kill(signal);
        return ended;
      },
      async begin(role) {
        if (role === 'executor') apart.executor.process = await apart.startExecutor();
        else if (role === 'reasoner') await apart.startReasoner(holders.reasoner.state);
        else if (role === 'gatekeeper') await apart.startGatekeeper(holders.gatekeeper.state);
        else await apart.startApi(holders.api.state);
      },
      use(root) {
        version = root;
      },
      journal: () => readJournal<DeskLine>(journal),
      async anchored() {
        const note = await readFile(join(folder, 'outside/checkpoint'), 'utf8').catch(() => '');
        return Number(note.split('\n')[1] ?? 0);
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
