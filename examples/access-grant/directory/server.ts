/**
 * A small directory of people, entitlements and temporary access: the downstream of the example, a process of its own. It
 * gives access against a grant of Portreeve and against nothing else.
 *
 *   node server.ts --port 0 --data DIR --issuer ISS --jwks URL --read-token-file FILE [--portreeve-token-file FILE]
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  bearerCheck,
  type Call,
  grantGate,
  Problem,
  type Reply,
  type Route,
  serveDownstream,
} from '@portreeve/example-downstream';
import { openAccesses } from './accesses.ts';
import { createDoor } from './door.ts';

serveDownstream({
  system: 'directory',
  options: {
    issuer: { type: 'string' },
    jwks: { type: 'string' },
    audience: { type: 'string', default: 'urn:portreeve:example:directory' },
    'read-token-file': { type: 'string' },
    /** Who the directory is to Portreeve; read at each question, so that it can be written later and be rotated. */
    'portreeve-token-file': { type: 'string' },
  },
  async start(given) {
    const where = { issuer: given.text('issuer'), jwks: given.address('jwks'), audience: given.text('audience') };
    const assertReader = bearerCheck(await given.secret('read-token-file'));
    const known = JSON.parse(await readFile(new URL('./people.json', import.meta.url), 'utf8')) as {
      people: { person: string }[];
      systems: Record<string, { entitlement: string }[]>;
    };
    const accesses = await openAccesses(given.data);
    const grants = grantGate({ ...where, origin: given.origin, replay: accesses.replay });
    const tokenFile = given.more['portreeve-token-file'];
    const door = createDoor({
      accesses,
      portreeve: where.jwks,
      tokenFile: typeof tokenFile === 'string' ? tokenFile : join(given.data, 'portreeve-token'),
    });

    /** A handler for who may read. */
    const reading =
      (look: (call: Call) => unknown): Route['handle'] =>
      async (call) => {
        assertReader(call);
        return { body: await look(call) };
      };

    async function giveAccess(call: Call): Promise<Reply> {
      // Everything that is used below is among the arguments that the grant's digest covers.
      const { args, grant } = await granted(call, 'grant_temporary_access');
      const { access, expires_at } = await accesses.give(args, grant.proposal, grant);
      return { body: { access, expires_at } };
    }

    /** What giving it would change. It needs a grant of its own, which gives nothing, and writes down no more than its use. */
    async function showAccess(call: Call): Promise<Reply> {
      const { args } = await granted(call, 'show_temporary_access');
      const minutesLeft = new Map(
        [...accesses.heldBy(args.person)].map(([entitlement, { expires_at }]) => [
          entitlement,
          Math.ceil((Date.parse(expires_at) - Date.now()) / 60_000),
        ]),
      );
      const listed = (held: ReadonlyMap<string, number>) => ({
        access: [...held].sort().map(([entitlement, minutes_left]) => ({ entitlement, minutes_left })),
      });
      const before = listed(minutesLeft);
      minutesLeft.set(args.entitlement, Math.max(args.minutes, minutesLeft.get(args.entitlement) ?? 0));
      return { body: { before, after: listed(minutesLeft) } };
    }

    /** What a grant of this tool allows, for a person and an entitlement that there are. */
    async function granted(call: Call, tool: string) {
      grants.needed(call);
      const [person = ''] = call.names;
      const body = (await call.body()) as { entitlement: string; minutes: number; justification: string };
      const args = { ...body, person };
      const grant = await grants.verify(call, tool, args);
      if (!known.people.some((each) => each.person === person)) throw new Problem(404, 'unknown_person', 'Nobody.');
      if (
        !Object.values(known.systems).some((offered) => offered.some((each) => each.entitlement === body.entitlement))
      )
        throw new Problem(422, 'unknown_entitlement', 'There is no such entitlement.');
      return { args, grant };
    }

    async function endAccess(call: Call): Promise<Reply> {
      const [access = ''] = call.names;
      await grants.verify(call, 'end_temporary_access', { access });
      const ended = await accesses.end(access);
      if (!ended) throw new Problem(404, 'unknown_access', 'There is no such access.');
      return { body: ended };
    }

    return {
      routes: [
        {
          method: 'GET',
          path: /^\/systems\/([a-z0-9-]{1,32})\/entitlements$/,
          handle: reading(({ names: [system = ''] }) =>
            Object.hasOwn(known.systems, system) ? known.systems[system] : [],
          ),
        },
        {
          method: 'GET',
          path: /^\/people\/(u-[0-9]{4})$/,
          handle: reading(({ names: [person] }) => known.people.filter((each) => each.person === person)),
        },
        { method: 'POST', path: /^\/people\/(u-[0-9]{4})\/access$/, handle: giveAccess },
        { method: 'POST', path: /^\/people\/(u-[0-9]{4})\/access\/preview$/, handle: showAccess },
        { method: 'POST', path: /^\/access\/(acc-[a-f0-9]{12})\/end$/, handle: endAccess },
        {
          method: 'GET',
          path: /^\/door$/,
          handle: reading(({ url: { searchParams } }) =>
            door(searchParams.get('person') ?? '', searchParams.get('entitlement') ?? ''),
          ),
        },
      ],
      close: () => accesses.close(),
    };
  },
});
