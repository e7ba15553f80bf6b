import { isPortreeveError, type JsonObject, PortreeveError, type SourceContract } from '@portreeve/contract';
import { type Dispatcher, request as httpRequest } from 'undici';
import { fillTemplate } from './fill-template.ts';
import { createIngester, type Ingester } from './ingest/ingester.ts';
import type { SecretReader, SourceReader } from './ports.ts';
import { readItems } from './read-items.ts';

export interface HttpSourceOptions {
  /** Makes the connection; the server passes its egress guard. There is no default, so that nobody goes around it. */
  readonly dispatcher: Dispatcher;
  readonly secrets: SecretReader;
  readonly ingester?: Ingester;
}

/**
 * Reads a declared endpoint by one GET: no redirects, no cookies, no compression, bounded bytes and time. A credential
 * is sent as a bearer token (RFC 6750), and in clear text only to this machine.
 */
export function httpSource({ dispatcher, secrets, ingester = createIngester() }: HttpSourceOptions): SourceReader {
  return {
    kind: 'http',
    async read({ contract, query, signal }) {
      if (contract.binding.kind !== 'http') throw new TypeError(`source ${contract.name} is not bound to HTTP`);
      const url = sourceUrl(contract.name, contract.binding.url, query);
      const headers: Record<string, string> = {
        accept:
          contract.form === 'document' ? '*/*' : 'application/x-ndjson, application/jsonl, application/json, text/csv',
        'accept-encoding': 'identity',
      };
      if (contract.binding.credential !== undefined)
        headers.authorization = `Bearer ${await bearer(contract, contract.binding.credential, url, secrets)}`;
      const timeout = AbortSignal.timeout(contract.limits.timeout_ms);
      try {
        const response = await httpRequest(url, {
          dispatcher,
          method: 'GET',
          headers,
          signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
        });
        const bytes = await readBody(response, contract);
        const declared = String(response.headers['content-type'] ?? '');
        return await readItems(ingester, bytes, { declared, name: url.pathname.split('/').at(-1) ?? '' }, contract);
      } catch (error) {
        // The guard's own refusal may arrive as the cause of a connection error.
        const known = [error, (error as Error | undefined)?.cause].find((each) => isPortreeveError(each));
        if (known) throw known;
        const reason = timeout.aborted
          ? `did not answer within ${contract.limits.timeout_ms} ms`
          : 'could not be reached';
        throw new PortreeveError('source_failed', `source ${contract.name} ${reason}`, { cause: error });
      }
    },
  };
}

/**
 * The address of one query. Each value is percent-encoded; the checks afterwards hold whatever the template looks like:
 * the origin is the template's, and no value added or removed a path segment.
 */
export function sourceUrl(source: string, template: string, query: JsonObject): URL {
  const queryStart = template.indexOf('?');
  const path = queryStart < 0 ? template : template.slice(0, queryStart);
  const search = queryStart < 0 ? '' : template.slice(queryStart);
  const filled = fillTemplate(path, query, (value) =>
    value === '' || value === '.' || value === '..' || /[/\\]/.test(value) ? null : encodeValue(value),
  );
  const url = new URL(filled + fillTemplate(search, query, encodeValue));
  const pattern = new URL(template.replaceAll(/[{}]/g, ''));
  const declared = template.slice(0, template.indexOf('/', template.indexOf('://') + 3));
  if (
    !['http:', 'https:'].includes(url.protocol) ||
    declared.includes('{') ||
    url.origin !== pattern.origin ||
    url.username !== '' ||
    url.password !== '' ||
    url.pathname.split('/').length !== pattern.pathname.split('/').length
  ) {
    throw new PortreeveError('source_failed', `source ${source} does not name an HTTP address that the query may fill`);
  }
  return url;
}

/** `encodeURIComponent` throws on lone surrogates, which cannot be sent. */
function encodeValue(value: string): string | null {
  return value.isWellFormed() ? encodeURIComponent(value) : null;
}

async function bearer(contract: SourceContract, name: string, url: URL, secrets: SecretReader): Promise<string> {
  if (url.protocol === 'http:' && !['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname))
    throw new PortreeveError('source_failed', `source ${contract.name} would send its credential without encryption`);
  const secret = await secrets.read(name);
  if (secret === null || !/^[\x21-\x7e]{1,4096}$/.test(secret))
    throw new PortreeveError('source_failed', `source ${contract.name}: there is no usable secret ${name}`);
  return secret;
}

async function readBody(response: Dispatcher.ResponseData, contract: SourceContract): Promise<Uint8Array> {
  const { statusCode, headers, body } = response;
  const stop = (code: 'unknown_case' | 'source_failed', detail: string): PortreeveError => {
    body.on('error', () => undefined).destroy();
    return new PortreeveError(code, detail);
  };
  if (statusCode === 404 || statusCode === 410) throw stop('unknown_case', `source ${contract.name} has no such case`);
  if (statusCode !== 200) throw stop('source_failed', `source ${contract.name} answered with status ${statusCode}`);
  if (headers['content-encoding'] !== undefined && headers['content-encoding'] !== 'identity')
    throw stop('source_failed', `source ${contract.name} answered compressed, which was not asked for`);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > contract.limits.max_bytes)
      throw stop(
        'source_failed',
        `source ${contract.name} gave more than the declared ${contract.limits.max_bytes} bytes`,
      );
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
