import { z } from 'zod';
import { API_VERSION } from '../../messages/provider.ts';
import { anthropicDialect, errorBody, readMessages } from '../../wire/anthropic.ts';
import { type Dialect, isError, jsonBody } from '../../wire/dialect.ts';
import type { MessagesRequest } from '../../wire/request.ts';

const bodySchema = z.looseObject({ anthropic_version: z.literal(API_VERSION), model: z.never().optional() });

const STATUS: Readonly<Record<number, string>> = {
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
};

/** Vertex AI's `rawPredict` and `streamRawPredict` for Anthropic's models. */
export function vertexDialect(given: {
  readonly token: string;
  readonly project: string;
  readonly region: string;
}): Dialect<MessagesRequest> {
  const prefix = `/v1/projects/${given.project}/locations/${given.region}/publishers/anthropic/models/`;
  return {
    ...anthropicDialect,
    read(incoming, text) {
      const { url = '', method, headers } = incoming;
      const route = url.startsWith(prefix)
        ? /^([^/:]+):(rawPredict|streamRawPredict)$/.exec(url.slice(prefix.length))
        : null;
      if (!route || method !== 'POST') return { status: 404, message: 'not found' };
      if (headers.authorization !== `Bearer ${given.token}`) return { status: 401, message: 'no valid access token' };
      const json = jsonBody(text);
      if (isError(json)) return json;
      const body = bodySchema.safeParse(json.data);
      if (!body.success) return { status: 400, message: 'the body has not the form that rawPredict takes' };
      const { anthropic_version: _, ...message } = body.data;
      const stream = route[2] === 'streamRawPredict';
      if ((message.stream === true) !== stream) return { status: 400, message: 'the body and the method contradict' };
      return readMessages({ ...message, model: route[1] });
    },
    // What does not reach the model is answered in Google's words.
    error: (reply, n) => {
      const status = reply.error_code === undefined ? STATUS[reply.status] : undefined;
      if (status === undefined) return { body: errorBody(reply, n) };
      return { body: { error: { code: reply.status, message: reply.message, status } } };
    },
  };
}
