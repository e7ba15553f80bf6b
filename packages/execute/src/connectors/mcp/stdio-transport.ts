import { type ChildProcess, spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { ReadBuffer, serializeMessage, type Transport } from '@modelcontextprotocol/client';
import { withoutNetwork } from './without-network.ts';

export interface StdioOptions {
  readonly command: readonly string[];
  readonly folder: string;
  /** All of the child's environment besides PATH. */
  readonly environment: Readonly<Record<string, string>>;
  /** Seconds of processor time, after which the system ends it. */
  readonly cpu_seconds_max: number;
  readonly bytes_max: number;
  /** Whether it may have connections of its own. */
  readonly network: boolean;
}

/** Set by the shell and then given up for the server itself: no core dump, few files, little processor time. */
const LIMITS = 'ulimit -c 0 && ulimit -n 256 && ulimit -t "$1" && shift && exec "$@"';

/**
 * A server as a child process: nothing of our environment, a process group of its own that is ended as a whole, bounded
 * output. What it writes to standard error goes nowhere. It has no network, where the system allows that; connections of
 * one that was declared with a network are outside the egress guard: whoever declares such a server trusts its program.
 */
export function stdioTransport(options: StdioOptions): Transport {
  const { command, folder, environment, cpu_seconds_max, bytes_max, network } = options;
  let child: ChildProcess | null = null;
  let bytes = 0;
  let closed = false;
  const lines = new ReadBuffer();
  const transport: Transport = {
    async start() {
      const alone = network ? null : await withoutNetwork();
      if (closed) throw new Error('the server was given up before it began');
      await new Promise<void>((resolve, reject) => {
        const limited = ['-c', LIMITS, 'sh', String(cpu_seconds_max), ...(alone ?? []), ...command];
        child = spawn('/bin/sh', limited, {
          cwd: folder,
          env: { PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`, ...environment },
          stdio: ['pipe', 'pipe', 'ignore'],
          detached: true,
          shell: false,
        });
        child.once('spawn', () => resolve());
        child.once('error', reject);
        child.once('close', () => transport.onclose?.());
        // A server that ends while we write is told by its closing.
        child.stdin!.on('error', () => undefined);
        child.stdout!.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > bytes_max) end(new Error(`answers of more than ${bytes_max} bytes`));
          else read(chunk);
        });
      });
    },
    send(message) {
      return new Promise((resolve, reject) => {
        if (!child?.stdin?.writable) return reject(new Error('the server has ended'));
        child.stdin.write(serializeMessage(message), (error) => (error ? reject(error) : resolve()));
      });
    },
    async close() {
      closed = true;
      end(null);
    },
  };
  return transport;

  function read(chunk: Buffer): void {
    try {
      lines.append(chunk);
      for (let message = lines.readMessage(); message !== null; message = lines.readMessage())
        transport.onmessage?.(message);
    } catch (error) {
      end(error as Error);
    }
  }

  function end(error: Error | null): void {
    if (error) transport.onerror?.(error);
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    try {
      // The whole group: a server may have started others.
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      child.kill('SIGKILL');
    }
  }
}
