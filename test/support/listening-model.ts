import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Behaviour, startSimulatedServer } from '@portreeve/model/simulated';

export interface ListeningModel {
  readonly url: string;
  readonly model: string;
  /** Every request as it came to the model, byte for byte. */
  readonly heard: readonly string[];
  close(): Promise<void>;
}

/** A simulated model behind a door that writes down what it is asked. */
export async function startListeningModel(behaviour: Behaviour): Promise<ListeningModel> {
  const simulated = await startSimulatedServer({ behaviour });
  const heard: string[] = [];
  const door = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString('utf8');
    heard.push(body);
    const { authorization = '', 'anthropic-version': version = '' } = request.headers as Record<string, string>;
    const answer = await fetch(simulated.url + request.url, {
      method: 'POST',
      headers: { authorization, 'anthropic-version': version, 'content-type': 'application/json' },
      body,
    });
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
  });
  await new Promise<void>((listening) => door.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(door.address() as AddressInfo).port}`,
    model: simulated.model,
    heard,
    async close() {
      door.closeAllConnections();
      await new Promise((closed) => door.close(closed));
      await simulated.close();
    },
  };
}
