import { withClient } from '@portreeve/server/testing';
import pg from 'pg';
import { type House, ROLES, type Role, WIRES, type Wire } from './house.ts';
import type { Way } from './link.ts';
import type { Random } from './random.ts';

/** Something that goes wrong, and how it ends. */
export interface Fault {
  readonly name: string;
  /** Takes too long for the short form. */
  readonly isLong?: true;
  /** Why it cannot be played here; null where it can. */
  missing?(house: House): string | null;
  start(house: House, random: Random): Promise<void>;
  /** How long it lasts, in milliseconds: at least and at most. Zero: it is over as soon as it has come. */
  readonly lasts_ms: readonly [number, number];
  heal(house: House): Promise<void>;
}

const nothing = async () => undefined;

/** Dead at once; somebody starts it anew. */
const killed = (role: Role): Fault => ({
  name: `kill -9 ${role}`,
  lasts_ms: [0, 1500],
  start: async (house) => void (await house.end(role, 'SIGKILL')),
  heal: (house) => house.begin(role),
});

/** For longer than its lease: others take it for dead, and it wakes up with all that it had in hand. */
const stopped = (role: Role): Fault => ({
  name: `SIGSTOP and wake ${role}`,
  lasts_ms: [500, 6000],
  start: async (house) => void process.kill(house.running(role).pid, 'SIGSTOP'),
  heal: async (house) => void process.kill(house.running(role).pid, 'SIGCONT'),
});

/** One after another, each in order, as an upgrade does it. */
const rolling: Fault = {
  name: 'rolling restart of every role',
  isLong: true,
  lasts_ms: [0, 0],
  async start(house) {
    for (const role of ROLES) {
      const { code, err } = await house.end(role, 'SIGTERM');
      if (code !== 0) throw new Error(`${role} did not end in order: ${code}\n${err}`);
      await house.begin(role);
    }
  },
  heal: nothing,
};

const onWire = (
  name: string,
  wire: Wire,
  lasts_ms: Fault['lasts_ms'],
  begin: (house: House, random: Random) => void,
): Fault => ({
  name: `${name} ${wire === 'desk' ? 'between executor and desk' : `between ${wire} and database`}`,
  lasts_ms,
  start: async (house, random) => begin(house, random),
  heal: async (house) => house.wires[wire].heal(),
});

const wireFaults = (wire: Wire): Fault[] => [
  onWire('cut', wire, [200, 4000], ({ wires }) => wires[wire].cut()),
  onWire('delay', wire, [500, 3000], ({ wires }, random) => wires[wire].slow(20 + random.upTo(180))),
  ...(['there', 'back'] as const).map((way: Way) =>
    onWire(`one-way loss (${way})`, wire, [500, 7000], ({ wires }) => wires[wire].lose(way)),
  ),
];

/** On hosts of their own alone: nothing arrives, and no connection breaks by that. */
const pulled = (role: Role): Fault => {
  const onHost = (house: House, act: 'pull' | 'plug') => {
    if (typeof house.hosts !== 'string') house.hosts[role][act]();
  };
  return {
    name: `cable of the host of ${role} pulled`,
    lasts_ms: [500, 8000],
    missing: ({ hosts }) => (typeof hosts === 'string' ? hosts : null),
    start: async (house) => onHost(house, 'pull'),
    heal: async (house) => onHost(house, 'plug'),
  };
};

const ofDatabase = (
  name: string,
  lasts_ms: Fault['lasts_ms'],
  which: (house: House) => { begin(): Promise<void>; end(): Promise<void> },
): Fault => ({
  name,
  lasts_ms,
  start: (house) => which(house).begin(),
  heal: (house) => which(house).end(),
});

/** The one that began is the one that ends. */
function held(): Fault {
  let ending: (() => Promise<void>) | null = null;
  return {
    name: 'slow disk: every write of a record waits',
    lasts_ms: [1000, 7000],
    async start({ postgres, databaseUrl }) {
      const fault = postgres.faults.held(databaseUrl, 'audit_pending, audit_records');
      await fault.begin();
      ending = () => fault.end();
    },
    heal: async () => ending?.(),
  };
}

/** Every connection that the server gives is taken by somebody else, those of the administrator too. */
function exhausted(): Fault {
  const taken: pg.Client[] = [];
  return {
    name: 'connections exhausted',
    lasts_ms: [1000, 4000],
    async start({ databaseUrl }) {
      for (;;) {
        const client = new pg.Client({ connectionString: databaseUrl });
        client.on('error', () => undefined);
        try {
          await client.connect();
        } catch {
          // None is left; what the house still has it loses now, and this one takes the place.
          const gone = taken.length > 0 && (await terminateOthers(taken));
          if (!gone) return;
          continue;
        }
        taken.push(client);
      }
    },
    heal: async () => void (await Promise.all(taken.splice(0).map((client) => client.end().catch(() => undefined)))),
  };
}

/** Ends the connections of everybody else. Gives whether there were any. */
async function terminateOthers(taken: readonly pg.Client[]): Promise<boolean> {
  const { rows } = await taken[0]!.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'portreeve%' OR application_name LIKE 'dbos%'`,
  );
  return rows.length > 0;
}

/** The database gives the user of a role no connection any more, and takes those that it has. */
const withoutLogin = (role: Role): Fault => {
  const limit = (house: House, most: number) =>
    withClient(house.databaseUrl, async (client) => {
      const user = house.userOf(role);
      await client.query(`ALTER ROLE ${pg.escapeIdentifier(user)} CONNECTION LIMIT ${most}`);
      if (most === 0)
        await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [user]);
    });
  return {
    name: `no connection for the user of the ${role}`,
    lasts_ms: [1000, 5000],
    start: (house) => limit(house, 0),
    heal: (house) => limit(house, -1),
  };
};

/** Its clock is off, and comes back. A grant lives for 20 s here, an approval for a day. */
const jumped = (role: Role, name: string, atMost_ms: number): Fault => {
  const jump = (house: House, jump_ms: number) =>
    new Promise<void>((done, failed) =>
      house.running(role).child.send({ jump_ms }, (error) => (error ? failed(error) : done())),
    );
  return {
    name: `clock of ${role} ${name}`,
    lasts_ms: [500, 4000],
    start: (house, random) => jump(house, Math.sign(atMost_ms) * (1000 + random.upTo(Math.abs(atMost_ms)))),
    heal: (house) => jump(house, 0),
  };
};

const MINUTES = 60_000;

/** Every fault that this house is put through. A new one is a row here. */
export const FAULTS: readonly Fault[] = [
  ...ROLES.map(killed),
  ...ROLES.map(stopped),
  rolling,
  ofDatabase('kill -9 PostgreSQL', [0, 3000], ({ postgres }) => postgres.faults.gone),
  ofDatabase('SIGSTOP and wake PostgreSQL', [500, 7000], ({ postgres }) => postgres.faults.frozen),
  ofDatabase('read-only database', [500, 4000], ({ postgres }) => postgres.faults.readOnly),
  {
    ...ofDatabase('full disk', [500, 4000], ({ postgres }) => postgres.faults.full),
    missing: ({ postgres }) => postgres.unfillable,
  },
  held(),
  exhausted(),
  ...ROLES.map(withoutLogin),
  ...WIRES.flatMap(wireFaults),
  ...ROLES.map(pulled),
  ...ROLES.map((role) => jumped(role, 'jumps ahead', 30 * MINUTES)),
  ...ROLES.map((role) => jumped(role, 'falls back', -30 * MINUTES)),
];
