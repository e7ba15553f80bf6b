// Many clients of one stream of events each, in a process of its own. It says how many are open, and answers how many have
// heard of a record of some type, when the last of them had, and how many were cut off.
import { Agent, request } from 'node:http';

const given = JSON.parse(process.argv[2] ?? '') as {
  readonly url: string;
  readonly token: string;
  /** Followed in turn. */
  readonly runs: readonly string[];
  readonly clients: number;
  /** Of this process, from 1. */
  readonly number: number;
};
/** Clients come from many addresses, and each address may ask only so often; elsewhere the loopback has one alone. */
const addressOf = (client: number) =>
  process.platform === 'linux' ? { localAddress: `127.0.${given.number}.${1 + (client % 200)}` } : {};
/** Opened at a time. */
const WIDTH = 64;

export type Said =
  | { readonly opened: number; readonly refused: number; readonly why: string | null }
  | { readonly heard: number; readonly cut: number; readonly last_at: number };

const agent = new Agent({ keepAlive: false, maxSockets: Number.POSITIVE_INFINITY });
let [heard, cut, last_at] = [0, 0, 0];
let why: string | null = null;
let ending = false;

function open(client: number): Promise<boolean> {
  const run = given.runs[client % given.runs.length]!;
  return new Promise((done) => {
    const outgoing = request(
      `${given.url}/v1/runs/${run}/events`,
      { ...addressOf(client), agent, headers: { authorization: `Bearer ${given.token}` } },
      (answer) => {
        if (answer.statusCode !== 200) {
          why ??= `answered ${answer.statusCode}`;
          answer.resume();
          return done(false);
        }
        let [begun, rest, told] = [false, '', false];
        answer.setEncoding('utf8').on('data', (text: string) => {
          rest = (rest + text).slice(-2000);
          // Open once the past has been told.
          if (!begun && /event: approval\.requested/.test(rest)) {
            begun = true;
            done(true);
          }
          if (!told && /event: run\.ended/.test(rest)) {
            told = true;
            heard++;
            last_at = performance.timeOrigin + performance.now();
          }
        });
        answer.on('close', () => {
          if (!told && !ending) cut++;
          done(false);
        });
        answer.on('error', () => done(false));
      },
    );
    outgoing.on('error', (error) => {
      why ??= error.message;
      done(false);
    });
    outgoing.end();
  });
}

let [opened, begun] = [0, 0];
await Promise.all(
  Array.from({ length: WIDTH }, async () => {
    while (begun < given.clients) if (await open(begun++)) opened++;
  }),
);
process.on('message', () => {
  const said: Said = { heard, cut, last_at };
  process.send?.(said);
});
process.once('SIGTERM', () => {
  ending = true;
  process.exit(0);
});
const said: Said = { opened, refused: given.clients - opened, why };
process.send?.(said);
