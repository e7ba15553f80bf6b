import { once } from 'node:events';
import { isIP } from 'node:net';
import { connect } from 'node:tls';
import type { ProjectConfig } from '@portreeve/contract';
import type { Egress } from '@portreeve/execute';
import { ruleOf } from '../config/egress.ts';

/** How one system of the configuration was found. */
export interface Reach {
  readonly system: string;
  /** Why it could not be reached; null where it could. */
  readonly problem: string | null;
  /** When its certificate ends; null where it has none, or could not be reached. */
  readonly certificate_until: Date | null;
}

const REACH_MS_MAX = 5000;
const SYSTEMS_MAX = 100;

/** Opens a connection to each system through the egress guard, shakes hands where it speaks TLS, and asks it nothing. */
export function reachSystems(
  systems: ProjectConfig['systems'],
  egress: Pick<Egress, 'connect'>,
): () => Promise<Reach[]> {
  return () =>
    Promise.all(
      Object.entries(systems)
        .slice(0, SYSTEMS_MAX)
        .map(async ([system, { url, private: allowed }]): Promise<Reach> => {
          try {
            return { system, problem: null, certificate_until: await shake(url, allowed, egress) };
          } catch (error) {
            const { code, message } = error as NodeJS.ErrnoException;
            return { system, problem: (code ?? message).slice(0, 200), certificate_until: null };
          }
        }),
    );
}

async function shake(url: string, allowed: boolean, egress: Pick<Egress, 'connect'>): Promise<Date | null> {
  const { host, port } = ruleOf(url, allowed);
  const encrypted = /^(https|smtps|syslogs):/.test(url);
  const signal = AbortSignal.timeout(REACH_MS_MAX);
  const plain = await egress.connect({ host, port: port!, plain: !encrypted && allowed, signal });
  if (!encrypted) {
    plain.destroy();
    return null;
  }
  const bare = host.replace(/^\[|\]$/g, '');
  const named = isIP(bare) === 0 ? { servername: bare } : {};
  const socket = connect({ ...named, socket: plain, host: bare, minVersion: 'TLSv1.2' });
  const stop = () => socket.destroy(signal.reason as Error);
  signal.addEventListener('abort', stop, { once: true });
  try {
    await once(socket, 'secureConnect');
    return new Date(socket.getPeerCertificate().valid_to);
  } finally {
    signal.removeEventListener('abort', stop);
    socket.destroy();
    plain.destroy();
  }
}
