import { API_VERSION } from '../../messages/provider.ts';
import { anthropicDialect, readMessages } from '../../wire/anthropic.ts';
import { type Dialect, isError, jsonBody } from '../../wire/dialect.ts';
import { requestId } from '../../wire/message.ts';
import type { MessagesRequest } from '../../wire/request.ts';

/** Microsoft Foundry: the Messages API below `/anthropic`, with a key of its own or an Entra token. */
export function foundryDialect(
  credential: { readonly apiKey: string } | { readonly token: string },
): Dialect<MessagesRequest> {
  return {
    ...anthropicDialect,
    read(incoming, text) {
      const { url, method, headers } = incoming;
      if (url !== '/anthropic/v1/messages' || method !== 'POST') return { status: 404, message: 'not found' };
      const known =
        'apiKey' in credential
          ? headers['x-api-key'] === credential.apiKey && headers.authorization === undefined
          : headers.authorization === `Bearer ${credential.token}` && headers['x-api-key'] === undefined;
      if (!known) return { status: 401, message: 'no valid credential' };
      if (headers['anthropic-version'] !== API_VERSION)
        return { status: 400, message: `anthropic-version: expected ${API_VERSION}` };
      const json = jsonBody(text);
      return isError(json) ? json : readMessages(json.data);
    },
    headers: (n) => ({ 'apim-request-id': requestId(n) }),
  };
}
