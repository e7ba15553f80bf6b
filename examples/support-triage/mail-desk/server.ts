/**
 * A small help desk: the downstream of the example, a process of its own. It keeps tickets with the mails as they came in,
 * and sends replies and sets classifications against a grant of Portreeve and against nothing else.
 *
 *   node server.ts --port 0 --data DIR --issuer ISS --jwks URL --read-token-file FILE
 */
import { bearerCheck, type Call, grantGate, Problem, type Reply, serveDownstream } from '@portreeve/example-downstream';
import { type Classification, openDesk } from './desk.ts';
import { TICKETS, type Ticket } from './tickets.ts';

serveDownstream({
  system: 'mail-desk',
  options: {
    issuer: { type: 'string' },
    jwks: { type: 'string' },
    audience: { type: 'string', default: 'urn:portreeve:example:mail-desk' },
    'read-token-file': { type: 'string' },
  },
  async start(given) {
    const where = { issuer: given.text('issuer'), jwks: given.address('jwks'), audience: given.text('audience') };
    const assertReader = bearerCheck(await given.secret('read-token-file'));
    const desk = await openDesk(given.data);
    const grants = grantGate({ ...where, origin: given.origin, replay: desk.replay });

    async function sendMail(call: Call): Promise<Reply> {
      assertReader(call);
      return { type: 'message/rfc822', body: ticketOf(call).mail };
    }

    async function sendState(call: Call): Promise<Reply> {
      assertReader(call);
      const { ticket, customer, address } = ticketOf(call);
      return { body: { ticket, customer, address, ...desk.stateOf(ticket) } };
    }

    async function reply(call: Call): Promise<Reply> {
      grants.needed(call);
      const body = (await call.body()) as {
        answer?: string;
        sentences: { text: string }[];
        summary: { text: string }[];
      };
      // Everything that is used below is among the arguments that the grant's digest covers.
      const grant = await grants.verify(call, 'send_reply_to_customer', { ...body, ticket: call.names[0] });
      // Whom it goes to is what the desk knows of the ticket: nothing in the call, and nothing in the mail, says it.
      const { ticket, customer, address } = ticketOf(call);
      const lines = [...body.sentences.map((each) => each.text), ...(body.answer === undefined ? [] : [body.answer])];
      const sent = await desk.send(
        {
          ticket,
          to: address,
          body: `Dear ${customer},\n\n${lines.join('\n\n')}\n\nYour help desk`,
          summary: body.summary.map((each) => each.text),
        },
        grant.proposal,
        grant,
      );
      return { body: { ticket, message: sent.message } };
    }

    async function classify(call: Call): Promise<Reply> {
      grants.needed(call);
      const body = (await call.body()) as unknown as Classification;
      const grant = await grants.verify(call, 'set_ticket_classification', { ...body, ticket: call.names[0] });
      const { ticket } = ticketOf(call);
      const { category, urgency, language } = body;
      await desk.classify(ticket, { category, urgency, language }, grant.proposal);
      return { body: { ticket } };
    }

    async function clear(call: Call): Promise<Reply> {
      const grant = await grants.verify(call, 'clear_ticket_classification', { ticket: call.names[0] });
      const { ticket } = ticketOf(call);
      await desk.classify(ticket, null, grant.proposal);
      return { body: { ticket } };
    }

    return {
      routes: [
        { method: 'GET', path: /^\/tickets\/(T-[0-9]{4})\/mail$/, handle: sendMail },
        { method: 'GET', path: /^\/tickets\/(T-[0-9]{4})$/, handle: sendState },
        { method: 'POST', path: /^\/tickets\/(T-[0-9]{4})\/replies$/, handle: reply },
        { method: 'POST', path: /^\/tickets\/(T-[0-9]{4})\/classification$/, handle: classify },
        { method: 'POST', path: /^\/tickets\/(T-[0-9]{4})\/classification\/clear$/, handle: clear },
      ],
      close: () => desk.close(),
    };
  },
});

function ticketOf({ names: [number] }: Call): Ticket {
  const ticket = TICKETS.find((each) => each.ticket === number);
  if (!ticket) throw new Problem(404, 'unknown_ticket', 'There is no such ticket.');
  return ticket;
}
