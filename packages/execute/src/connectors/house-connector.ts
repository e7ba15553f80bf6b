import type { JsonObject, ProposalId } from '@portreeve/contract';
import type { Connector } from '../ports.ts';
import { takeVerifiedCall } from '../verified-call.ts';

/** One use of a tool that Portreeve carries out itself, after its grant was verified, spent and put on record. */
export interface HouseCall {
  readonly tool: string;
  readonly args: JsonObject;
  readonly proposal: ProposalId;
}

/** What was done, or why nothing was. Who rejects does not know: the call is made again by the same proposal. */
export type HouseAnswer =
  | { readonly done: true; readonly result: JsonObject }
  | { readonly done: false; readonly reason: string };

export function houseConnector(carryOut: (call: HouseCall) => Promise<HouseAnswer>): Connector {
  return {
    async call(call) {
      takeVerifiedCall(call);
      const { contract, args, claims } = call;
      const answer = await carryOut({ tool: contract.name, args, proposal: claims.tctx.proposal });
      if (answer.done) return { state: 'succeeded', result: answer.result, duration_ms: 0 };
      return { state: 'failed', reason: answer.reason, duration_ms: 0 };
    },
  };
}
