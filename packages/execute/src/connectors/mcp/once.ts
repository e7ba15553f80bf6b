import type { Transport } from '@modelcontextprotocol/client';

/** Whether the one call of a tool has left, as seen where messages leave. */
export interface Sending {
  /** True from the moment when the first byte may have left. */
  readonly sent: () => boolean;
  readonly isCall: (body: unknown) => boolean;
  /** The request with this body never reached a connection. */
  readonly notSent: (body: unknown) => void;
  /** Refuses a second such request over this transport, whoever asks for it. */
  readonly guard: (transport: Transport) => Transport;
}

/** `method`: the request that the binding stands for. */
export function sendingOnce(method = 'tools/call'): Sending {
  let sent = false;
  let begun = false;
  const isCall = (body: unknown): boolean => {
    if (typeof body !== 'string') return false;
    try {
      return (JSON.parse(body) as { method?: unknown }).method === method;
    } catch {
      return false;
    }
  };
  return {
    sent: () => sent,
    isCall,
    notSent(body) {
      if (isCall(body)) sent = false;
    },
    guard(transport) {
      const send = transport.send.bind(transport);
      transport.send = async (message, options) => {
        if ('method' in message && message.method === method) {
          if (begun) throw new Error('a call is sent once');
          begun = true;
          sent = true;
        }
        return send(message, options);
      };
      return transport;
    },
  };
}
