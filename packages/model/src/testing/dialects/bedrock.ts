import { z } from 'zod';
import { API_VERSION } from '../../messages/provider.ts';
import { readMessages } from '../../wire/anthropic.ts';
import { type Dialect, isError, jsonBody } from '../../wire/dialect.ts';
import { eventsOf, messageOf, requestId } from '../../wire/message.ts';
import type { MessagesRequest } from '../../wire/request.ts';
import { chunkMessage } from './event-stream.ts';
import { type SigningKeys, wrongSignature } from './sigv4.ts';

const bodySchema = z.looseObject({
  anthropic_version: z.literal(API_VERSION),
  model: z.never().optional(),
  stream: z.never().optional(),
});

const EXCEPTIONS: Readonly<Record<number, string>> = {
  400: 'ValidationException',
  401: 'UnrecognizedClientException',
  403: 'AccessDeniedException',
  404: 'ResourceNotFoundException',
  408: 'ModelTimeoutException',
  429: 'ThrottlingException',
  500: 'InternalServerException',
  503: 'ServiceUnavailableException',
};

/** Amazon Bedrock's InvokeModel and InvokeModelWithResponseStream, with the signature or the API key that is asked for. */
export function bedrockDialect(
  credential: { readonly keys: SigningKeys; readonly region: string } | { readonly apiKey: string },
): Dialect<MessagesRequest> {
  return {
    read(incoming, text) {
      const route = /^\/model\/([^/]+)\/(invoke|invoke-with-response-stream)$/.exec(incoming.url ?? '');
      if (!route || incoming.method !== 'POST') return { status: 404, message: 'not found' };
      const wrong =
        'keys' in credential
          ? wrongSignature(incoming, text, credential.keys, credential.region)
          : incoming.headers.authorization === `Bearer ${credential.apiKey}`
            ? null
            : 'another API key';
      if (wrong !== null) return { status: 403, message: wrong };
      const json = jsonBody(text);
      if (isError(json)) return json;
      const body = bodySchema.safeParse(json.data);
      if (!body.success) return { status: 400, message: 'the body has not the form that InvokeModel takes' };
      const { anthropic_version: _, ...message } = body.data;
      const stream = route[2] === 'invoke-with-response-stream';
      return readMessages({ ...message, model: decodeURIComponent(route[1] ?? ''), stream });
    },
    headers: (n) => ({ 'x-amzn-requestid': requestId(n) }),
    message: messageOf,
    stream_type: 'application/vnd.amazon.eventstream',
    frames: (reply, n) => eventsOf(reply, n).map(chunkMessage),
    error: ({ status, message, error_code }) => ({
      body: { message },
      headers: {
        'x-amzn-errortype': `${error_code ?? EXCEPTIONS[status] ?? 'InternalServerException'}:http://internal`,
      },
    }),
  };
}
