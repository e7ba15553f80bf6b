import type { Clock, ToolContract } from '@portreeve/contract';
import type { Egress } from '../../egress/egress.ts';
import type { Connector } from '../../ports.ts';
import { takeVerifiedCall } from '../../verified-call.ts';
import { type Ending, judgeResult, type Locate, located, measured, NotSendable, reasonOf } from '../ending.ts';
import { type Login, loginOf } from '../login.ts';
import { Stopped, within } from '../within.ts';
import { parametersOf } from './parameters.ts';
import { openSession, type Session, TooMuch } from './session.ts';
import { sqlState, type Transacted, transact } from './transact.ts';

/**
 * Carries out one declared statement of SQL in one transaction on a connection of its own. The result of a success is
 * `{"rows": [...], "count": n}`: what the statement returned, and how many rows it found or changed. Everything that
 * goes wrong before COMMIT is sent has certainly had no effect, and is `failed`.
 */
export function postgresConnector(options: {
  readonly egress: Egress;
  readonly clock: Clock;
  readonly locate?: Locate;
  /** Certificates to trust besides those of the system, as PEM. */
  readonly ca?: string;
}): Connector {
  const { egress, clock, locate = (url) => url, ca } = options;
  return {
    async call(call, { credential, signal }) {
      takeVerifiedCall(call);
      return measured(clock, async () => {
        const { contract, claims } = call;
        const { binding } = contract;
        if (binding.connector !== 'postgres') throw new NotSendable('the tool is not bound to PostgreSQL');
        if (credential === null) throw new NotSendable('there is no credential');
        const login = loginOf(credential);
        const place = placeOf(located(binding.url, locate));
        const values = parametersOf(binding, call.args);
        const deadline = within(contract.timeout_ms, signal);
        let session: Session | null = null;
        try {
          const plain = binding.tls === 'none';
          const socket = await egress.connect({ ...place, plain, signal: deadline.signal });
          const tls = plain ? null : ca === undefined ? {} : { ca };
          const { bytes_max } = binding;
          session = await openSession(socket, { ...place, login, tls, bytes_max, signal: deadline.signal });
          const transacted = await transact(session, binding, values, {
            timeout_ms: contract.timeout_ms,
            caller: { execution: call.execution, proposal: claims.tctx.proposal, principal: claims.sub },
          });
          return endingOf(transacted, contract, login);
        } catch (error) {
          return { state: 'failed', reason: `${why(error)}; nothing was committed` };
        } finally {
          session?.close();
          deadline.done();
        }
      });
    },
  };
}

function endingOf(transacted: Transacted, contract: ToolContract, login: Login): Ending {
  if (transacted.kind === 'refused') return { state: 'failed', reason: transacted.reason };
  if (transacted.kind === 'no-answer') {
    return { state: 'unknown', reason: `COMMIT was sent, then: ${why(transacted.error)}` };
  }
  const { rows, count } = transacted;
  const judged = judgeResult({ rows, count }, contract, [login.password]);
  if (judged.ok) return { state: 'succeeded', result: judged.result };
  const state = contract.binding.connector === 'postgres' && contract.binding.mode === 'write' ? 'unknown' : 'failed';
  return { state, reason: `the database answered ${judged.why}` };
}

function why(error: unknown): string {
  if (error instanceof Stopped || error instanceof TooMuch) return error.message;
  const state = sqlState(error);
  return state === null ? reasonOf(error) : `database error ${state}`;
}

function placeOf(address: string): { host: string; port: number; database: string } {
  const url = new URL(address);
  const database = decodeURIComponent(url.pathname.slice(1));
  if (url.protocol !== 'postgres:' || url.hostname === '' || !/^[A-Za-z0-9_-]{1,63}$/.test(database)) {
    throw new NotSendable('the address of the binding is not postgres://host/database');
  }
  return { host: url.hostname, port: Number(url.port || 5432), database };
}
