/**
 * A vault of the old kind: one password opens its whole admin API, and it has never heard of grants. Whoever has the password
 * can read every secret, delete services and make other administrators. It cannot be changed; so Portreeve stands before it,
 * and nobody but the executor has the password. A page without secrets says what is due and who uses what.
 *
 *   node server.ts --port 0 --data DIR --admin-password-file FILE
 */
import {
  bearerCheck,
  type Call,
  Problem,
  type Reply,
  type Route,
  serveDownstream,
} from '@portreeve/example-downstream';
import { openVault } from './secrets.ts';

serveDownstream({
  system: 'vault',
  options: { 'admin-password-file': { type: 'string' } },
  async start(given) {
    const assertAdmin = bearerCheck(await given.secret('admin-password-file'));
    const vault = await openVault(given.data);

    /** Behind the password; who came with what is written down before it is answered, whatever the answer is. */
    const admin =
      (act: (call: Call, service: string) => unknown): Route['handle'] =>
      async (call) => {
        const { method = '', url: path = '' } = call.request;
        const note = (admin: boolean, status: number) =>
          vault.journal.append({
            type: 'request',
            ...{ at: new Date().toISOString(), method, path, admin, grant: grantOf(call), status },
          });
        try {
          assertAdmin(call);
        } catch (error) {
          await note(false, 401);
          throw error;
        }
        try {
          const body = await act(call, call.names[0] ?? '');
          await note(true, 200);
          return { body };
        } catch (error) {
          await note(true, error instanceof Problem ? error.status : 500);
          throw error;
        }
      };
    const open =
      (look: (names: readonly string[]) => unknown): Route['handle'] =>
      async ({ names }): Promise<Reply> => ({ body: look(names) });

    const key = (call: Call): string => {
      const found = call.header('Idempotency-Key');
      if (!found) throw new Problem(400, 'bad_request', 'A change needs an Idempotency-Key.');
      return found;
    };
    const service = '([a-z][a-z-]{1,31})';
    const at = (path: string): RegExp => new RegExp(`^${path}$`);
    return {
      routes: [
        {
          method: 'POST',
          path: at(`/admin/services/${service}/rotate`),
          handle: admin(async (call, name) => {
            const { overlap_minutes } = await call.body();
            if (!Number.isInteger(overlap_minutes) || Number(overlap_minutes) < 1)
              throw new Problem(400, 'bad_request', 'overlap_minutes is a whole number from 1.');
            return vault.rotate(name, Number(overlap_minutes), key(call));
          }),
        },
        {
          method: 'POST',
          path: at(`/admin/services/${service}/restore`),
          handle: admin((call, name) => vault.restore(name, key(call))),
        },
        // What the password can do besides, and no tool offers.
        {
          method: 'GET',
          path: at(`/admin/services/${service}/secret`),
          handle: admin((_, name) => vault.reveal(name)),
        },
        {
          method: 'GET',
          path: at(`/status/${service}/due/([0-9]{1,4})`),
          handle: open(([name = '', days]) => vault.due(name, Number(days))),
        },
        { method: 'GET', path: at(`/status/${service}/behind`), handle: open(([name = '']) => vault.behind(name)) },
      ],
      close: () => vault.journal.close(),
    };
  },
});

/** The id in the grant that came along, unverified: the vault knows no keys. */
function grantOf(call: Call): string | null {
  const [, payload = ''] = (call.header('Portreeve-Grant') ?? '').split('.');
  try {
    const { jti } = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as { jti?: unknown };
    return typeof jti === 'string' ? jti : null;
  } catch {
    return null;
  }
}
