import type { HeadSigner } from '@portreeve/audit';
import { PortreeveError } from '@portreeve/contract';
import { redactionMark } from '../config/keys.ts';
import type { House } from '../open-house.ts';
import { FACE_ANSWERED_CHANNEL, faceAskStore } from '../store/face-asks.ts';
import { listen } from '../store/listen.ts';
import type { Sealing } from '../wire-keys.ts';
import { type AskGatekeeper, askGatekeeper } from './ask-gatekeeper.ts';
import type { Undo } from './in-steps.ts';

/**
 * Finds a gatekeeper and what must be known of it: who signs the logs. Throws `misconfigured` where it is of another
 * environment, or finds words and names by another key than this process. It may be of another version: they are rolled out
 * one after the other.
 */
export async function reachGatekeeper(
  {
    database,
    databaseUrl,
    keys,
    config,
  }: Pick<House, 'database' | 'databaseUrl' | 'config'> & {
    readonly keys: { readonly redaction: Buffer };
  },
  sealing: Sealing,
  undo: Undo,
): Promise<{ readonly gatekeeper: AskGatekeeper; readonly heads: ReadonlyMap<string, HeadSigner> }> {
  const gatekeeper = askGatekeeper({ asks: faceAskStore(database, sealing) });
  const answered = listen(databaseUrl, {
    ...{ channel: FACE_ANSWERED_CHANNEL, name: 'portreeve-face-asks' },
    heard: gatekeeper.heard,
  });
  undo.push(() => answered.stop());
  const { environment, redaction, logs } = await gatekeeper.hello();
  if (environment !== config.environment)
    throw new PortreeveError('misconfigured', `The gatekeeper is in ${environment}.`, {
      next: `Start this api with the configuration of its gatekeepers; this one says ${config.environment}.`,
    });
  if (redaction !== redactionMark(keys.redaction))
    throw new PortreeveError('misconfigured', 'The gatekeeper finds words and names by another key.', {
      next: 'Copy keys/redaction.key of the gatekeeper into the state folder of the api.',
    });
  const heads = new Map(
    logs.map(({ origin, vkey, cosigner_vkey }): [string, HeadSigner] => [
      origin,
      {
        ...{ name: origin, vkey, cosigner_vkey },
        async signHead() {
          await gatekeeper.ask({ kind: 'sign_head', origin });
        },
      },
    ]),
  );
  return { gatekeeper, heads };
}
