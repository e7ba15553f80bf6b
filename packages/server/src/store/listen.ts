import pg from 'pg';

export interface Listener {
  /** Ends it, and its connection. */
  stop(): Promise<void>;
}

const RECONNECT_MS = 500;

/**
 * Calls `heard` with the payload of each notification on a channel, and with an empty text after each connection: what was
 * said while nobody listened is lost, so the listener looks for itself. Reconnects by itself.
 */
export function listen(
  url: string,
  options: { readonly channel: string; readonly name: string; readonly heard: (payload: string) => void },
): Listener {
  let stopped = false;
  let client: pg.Client | null = null;
  let retry: NodeJS.Timeout | null = null;

  const connect = async (): Promise<void> => {
    if (stopped) return;
    const fresh = new pg.Client({ connectionString: url, application_name: options.name });
    client = fresh;
    const again = () => {
      fresh.removeAllListeners('end');
      if (stopped || client !== fresh) return;
      client = null;
      retry = setTimeout(() => void connect(), RECONNECT_MS);
      retry.unref();
    };
    fresh.on('error', again);
    fresh.on('end', again);
    fresh.on('notification', ({ payload = '' }) => options.heard(payload));
    try {
      await fresh.connect();
      await fresh.query(`LISTEN ${pg.escapeIdentifier(options.channel)}`);
      options.heard('');
    } catch {
      await fresh.end().catch(() => undefined);
      again();
    }
  };
  void connect();
  return {
    async stop() {
      stopped = true;
      if (retry) clearTimeout(retry);
      await client?.end().catch(() => undefined);
    },
  };
}
