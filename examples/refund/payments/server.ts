/**
 * A small payments system: the downstream of the example, a process of its own. It keeps orders with what customers wrote,
 * and pays back against a grant of Portreeve and against nothing else.
 *
 *   node server.ts --port 0 --data DIR --issuer ISS --jwks URL --read-token-file FILE
 */
import { bearerCheck, type Call, grantGate, type Reply, serveDownstream } from '@portreeve/example-downstream';
import { openPayments, orderOf } from './payments.ts';

serveDownstream({
  system: 'payments',
  options: {
    issuer: { type: 'string' },
    jwks: { type: 'string' },
    audience: { type: 'string', default: 'urn:portreeve:example:payments' },
    'read-token-file': { type: 'string' },
  },
  async start(given) {
    const where = { issuer: given.text('issuer'), jwks: given.address('jwks'), audience: given.text('audience') };
    const assertReader = bearerCheck(await given.secret('read-token-file'));
    const payments = await openPayments(given.data);
    const grants = grantGate({ ...where, origin: given.origin, replay: payments.replay });
    const balanceOf = (order: string) => {
      const open_cents = payments.openCents(order);
      return { order, refundable: open_cents > 0 ? 'yes' : 'no', open_cents, currency: 'EUR' };
    };

    async function balance(call: Call): Promise<Reply> {
      await grants.verify(call, 'look_up_order', { order: call.names[0] });
      return { body: balanceOf(orderOf(call.names[0]).order) };
    }

    async function refund(call: Call): Promise<Reply> {
      grants.needed(call);
      const body = (await call.body()) as { amount_cents: number; claim: string };
      const grant = await grants.verify(call, 'refund_order_once', { ...body, order: call.names[0] });
      const { order } = orderOf(call.names[0]);
      await payments.refund(order, body.amount_cents, grant.proposal, grant);
      return { body: { order, amount_cents: body.amount_cents } };
    }

    async function cancel(call: Call): Promise<Reply> {
      const grant = await grants.verify(call, 'cancel_order_refund', { order: call.names[0] });
      const { order } = orderOf(call.names[0]);
      await payments.cancel(order, grant.proposal, grant);
      return { body: { order } };
    }

    const at = (path: string): RegExp => new RegExp(`^/orders/(R-[0-9]{4})${path}$`);
    return {
      routes: [
        {
          method: 'GET',
          path: at('/messages'),
          async handle(call): Promise<Reply> {
            assertReader(call);
            return { body: orderOf(call.names[0]).messages };
          },
        },
        {
          method: 'GET',
          path: at('/balance'),
          async handle(call): Promise<Reply> {
            assertReader(call);
            return { body: balanceOf(orderOf(call.names[0]).order) };
          },
        },
        { method: 'POST', path: at('/balance'), handle: balance },
        { method: 'POST', path: at('/refund'), handle: refund },
        { method: 'POST', path: at('/refund/cancel'), handle: cancel },
      ],
      close: () => payments.close(),
    };
  },
});
