import { type Clock, type JsonObject, systemClock } from '@portreeve/contract';
import { SIMULATED_MODEL, WORST_CASE_MODEL } from '../simulated-names.ts';
import { anthropicDialect } from '../wire/anthropic.ts';
import { tokens } from '../wire/message.ts';
import type { MessagesRequest } from '../wire/request.ts';
import { startWireServer, type WireServer } from '../wire/server.ts';
import { generate, PLAIN } from './generate.ts';
import { misshape } from './misshape.ts';
import { readRequest } from './read-request.ts';
import { refusalFor } from './refuse.ts';
import { wishesFor } from './wishes.ts';
import { obey, toldBy } from './worst-case.ts';

export type Behaviour = 'extractive' | 'worst-case';

export interface SimulatedServerOptions {
  /** 0, the default, takes a free port. */
  readonly port?: number;
  /** `worst-case` obeys every instruction that it finds in what it reads. For the red team. */
  readonly behaviour?: Behaviour;
  /** Requests that are answered in a minute; further ones get 429 with `retry-after`. By default without limit. */
  readonly requests_per_minute?: number;
  readonly clock?: Clock;
  /** Asked at each request; true: the connection breaks off without an answer, as when a vendor is away. */
  readonly cut?: () => boolean;
}

export type SimulatedServer = WireServer & { readonly model: string };

/**
 * A model without a model: a local server that speaks the Messages API and computes its answers from its input by
 * ordinary code. It answers under its own model name whatever model is asked for.
 */
export async function startSimulatedServer(options: SimulatedServerOptions = {}): Promise<SimulatedServer> {
  const { behaviour = 'extractive', clock = systemClock, requests_per_minute = Number.POSITIVE_INFINITY } = options;
  const model = behaviour === 'worst-case' ? WORST_CASE_MODEL : SIMULATED_MODEL;
  let window = { from: 0, requests: 0 };

  const server = await startWireServer(
    anthropicDialect,
    (request, exchange) => {
      if (options.cut?.() === true) {
        exchange.response.destroy();
        return;
      }
      const now = clock.now().getTime();
      if (now - window.from >= 60_000) window = { from: now, requests: 0 };
      if (++window.requests > requests_per_minute) {
        const wait_s = String(Math.ceil((window.from + 60_000 - now) / 1000));
        return exchange.error({ status: 429, message: 'rate limit reached', headers: { 'retry-after': wait_s } });
      }
      exchange.message({ model, input_tokens: tokens(JSON.stringify(request)), ...answer(request, behaviour) });
    },
    options.port,
  );
  // Getters of the server would be lost in a spread.
  return Object.defineProperty(server, 'model', { value: model, enumerable: true }) as SimulatedServer;
}

function answer(request: MessagesRequest, behaviour: Behaviour) {
  const material = readRequest(request);
  const category = refusalFor(material.asked);
  if (category !== null) {
    const explanation = 'The simulated model declines requests of this kind.';
    return { text: '', stop_reason: 'refusal', stop_details: { type: 'refusal', category, explanation } };
  }
  const schema = request.output_config.format.schema as JsonObject;
  const told = behaviour === 'worst-case' ? toldBy(material) : '';
  const overrides = told === '' ? PLAIN : obey(told);
  const tools = wishesFor(request, told, material);
  if (tools.length > 0) return { text: '', tools, stop_reason: 'tool_use' };
  let text = JSON.stringify(generate(schema, material, overrides));
  if (overrides.generous && tokens(text) > request.max_tokens) {
    text = JSON.stringify(generate(schema, material, { ...overrides, generous: false }));
  }
  text = misshape(told, text);
  if (tokens(text) <= request.max_tokens) return { text };
  return { text: text.slice(0, request.max_tokens * 4), stop_reason: 'max_tokens', output_tokens: request.max_tokens };
}
