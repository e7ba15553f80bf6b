import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startSimulatedServer } from '@portreeve/model/simulated';

export interface ModelDoor {
  readonly url: string;
  readonly model: string;
  /** While it is set the vendor is down: every request gets 503. */
  down: boolean;
  /** Requests that came while it was down. */
  readonly turnedAway: number;
  /** Changes the text of an answer, by what was asked. */
  change: (asked: string, answer: string) => string;
  close(): Promise<void>;
}

/** A simulated model behind a door that a test can shut, and through which answers can be changed. */
export async function startModelDoor(): Promise<ModelDoor> {
  const simulated = await startSimulatedServer();
  let turnedAway = 0;
  const door: Omit<ModelDoor, 'url' | 'model' | 'turnedAway' | 'close'> = {
    down: false,
    change: (_, answer) => answer,
  };
  const refuse = (response: ServerResponse) => {
    turnedAway++;
    const error = { type: 'api_error', message: 'the vendor is down' };
    response.writeHead(503, { 'content-type': 'application/json' }).end(JSON.stringify({ type: 'error', error }));
  };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    if (door.down) return refuse(response);
    const body = Buffer.concat(chunks).toString('utf8');
    const { authorization = '', 'anthropic-version': version = '' } = request.headers as Record<string, string>;
    const answer = await fetch(simulated.url + request.url, {
      method: 'POST',
      headers: { authorization, 'anthropic-version': version, 'content-type': 'application/json' },
      body,
    });
    const message = (await answer.json()) as { content?: { text: string }[] };
    for (const block of message.content ?? []) block.text = door.change(body, block.text);
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(message));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return Object.defineProperties(door as ModelDoor, {
    url: { value: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
    model: { value: simulated.model },
    turnedAway: { get: () => turnedAway },
    close: {
      value: async () => {
        server.closeAllConnections();
        await new Promise((closed) => server.close(closed));
        await simulated.close();
      },
    },
  });
}
