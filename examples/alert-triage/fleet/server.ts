/**
 * A small console of a fleet of machines: the downstream of the example, a process of its own. It keeps alerts with what the
 * machines' agents saw, and rates alerts and isolates hosts against a grant of Portreeve and against nothing else.
 *
 *   node server.ts --port 0 --data DIR --issuer ISS --jwks URL --read-token-file FILE
 */
import {
  bearerCheck,
  type Call,
  grantGate,
  Problem,
  type Reply,
  type Route,
  serveDownstream,
} from '@portreeve/example-downstream';
import { ALERTS, type Alert } from './alerts.ts';
import { openFleet, SEVERITIES, type Severity } from './fleet.ts';

serveDownstream({
  system: 'fleet',
  options: {
    issuer: { type: 'string' },
    jwks: { type: 'string' },
    audience: { type: 'string', default: 'urn:portreeve:example:fleet' },
    'read-token-file': { type: 'string' },
  },
  async start(given) {
    const where = { issuer: given.text('issuer'), jwks: given.address('jwks'), audience: given.text('audience') };
    const assertReader = bearerCheck(await given.secret('read-token-file'));
    const fleet = await openFleet(given.data);
    const grants = grantGate({ ...where, origin: given.origin, replay: fleet.replay });

    const reading =
      (look: (call: Call) => unknown): Route['handle'] =>
      async (call): Promise<Reply> => {
        assertReader(call);
        return { body: look(call) };
      };

    async function rate(call: Call): Promise<Reply> {
      grants.needed(call);
      const body = (await call.body()) as { severity: Severity };
      const grant = await grants.verify(call, 'set_alert_severity', { ...body, alert: call.names[0] });
      const { alert } = alertOf(call);
      if (!SEVERITIES.includes(body.severity)) throw new Problem(400, 'bad_request', 'There is no such severity.');
      await fleet.rate(alert, body.severity, grant.proposal);
      return { body: { alert } };
    }

    async function clear(call: Call): Promise<Reply> {
      const grant = await grants.verify(call, 'clear_alert_severity', { alert: call.names[0] });
      const { alert } = alertOf(call);
      await fleet.rate(alert, null, grant.proposal);
      return { body: { alert } };
    }

    const isolation =
      (tool: string, isolated: boolean): Route['handle'] =>
      async (call): Promise<Reply> => {
        grants.needed(call);
        const [host = ''] = call.names;
        const grant = await grants.verify(call, tool, { ...(await call.body()), host });
        await fleet.setIsolation(host, isolated, grant.proposal, grant);
        return { body: { host, isolated } };
      };

    const host = '/hosts/([a-z]{2,8}-[0-9]{2,4})';
    const alert = '/alerts/(A-[0-9]{4})';
    const at = (path: string): RegExp => new RegExp(`^${path}$`);
    return {
      routes: [
        {
          method: 'GET',
          path: at(alert),
          handle: reading((call) => {
            const { events: _, ...own } = alertOf(call);
            return [own];
          }),
        },
        { method: 'GET', path: at(`${alert}/events`), handle: reading((call) => alertOf(call).events) },
        {
          method: 'GET',
          path: at(`${alert}/severity`),
          handle: reading((call) => ({ severity: fleet.severityOf(alertOf(call).alert) })),
        },
        {
          method: 'GET',
          path: at(host),
          handle: reading(({ names: [name = ''] }) => ({ host: name, isolated: fleet.isIsolated(name) })),
        },
        { method: 'POST', path: at(`${alert}/severity`), handle: rate },
        { method: 'POST', path: at(`${alert}/severity/clear`), handle: clear },
        { method: 'POST', path: at(`${host}/isolation`), handle: isolation('isolate_host', true) },
        { method: 'POST', path: at(`${host}/release`), handle: isolation('release_host', false) },
      ],
      close: () => fleet.close(),
    };
  },
});

function alertOf({ names: [number] }: Call): Alert {
  const found = ALERTS.find((each) => each.alert === number);
  if (!found) throw new Problem(404, 'unknown_alert', 'There is no such alert.');
  return found;
}
