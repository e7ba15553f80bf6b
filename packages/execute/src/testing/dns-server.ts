import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import type { AddressInfo } from 'node:net';
import type { Resolve } from '../egress/lookup.ts';

export interface DnsServer {
  /** Asks this server and no other. */
  readonly resolve: Resolve;
  /** The names that were asked for. */
  readonly asked: string[];
  close(): Promise<void>;
}

/** A DNS server (RFC 1035) on a local port that answers each question for an address with the next of `answers`. */
export async function startDnsServer(answers: readonly (readonly string[])[]): Promise<DnsServer> {
  const asked: string[] = [];
  const server = createSocket('udp4');
  server.on('message', (question, from) => {
    const { name, end } = nameIn(question);
    const isA = question.readUInt16BE(end) === 1;
    const addresses = isA ? (answers[Math.min(asked.push(name), answers.length) - 1] ?? []) : [];
    const header = Buffer.alloc(12);
    question.copy(header, 0, 0, 2);
    header.writeUInt16BE(0x8180, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(addresses.length, 6);
    const records = addresses.map((address) => {
      const record = Buffer.alloc(16);
      // The name by reference, class IN, a lifetime of nothing.
      record.writeUInt16BE(0xc00c, 0);
      record.writeUInt16BE(1, 2);
      record.writeUInt16BE(1, 4);
      record.writeUInt16BE(4, 10);
      Buffer.from(address.split('.').map(Number)).copy(record, 12);
      return record;
    });
    server.send(Buffer.concat([header, question.subarray(12, end + 4), ...records]), from.port, from.address);
  });
  await new Promise<void>((done) => server.bind(0, '127.0.0.1', done));
  const resolver = new Resolver({ timeout: 2_000, tries: 1 });
  resolver.setServers([`127.0.0.1:${(server.address() as AddressInfo).port}`]);
  return {
    asked,
    resolve: async (hostname) => (await resolver.resolve4(hostname)).map((address) => ({ address, family: 4 })),
    close: () => new Promise((done) => server.close(() => done())),
  };
}

function nameIn(question: Buffer): { name: string; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = question[at]!; length > 0; length = question[at]!) {
    labels.push(question.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.'), end: at + 1 };
}
