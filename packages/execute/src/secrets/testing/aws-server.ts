import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Sha256 } from '@aws-crypto/sha256-js';
import type { Clock } from '@portreeve/contract';
import { SignatureV4 } from '@smithy/signature-v4';

export const STATIC_KEY = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};
export const ROLE_KEY = {
  accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'roleSecret/EXAMPLE+KEY=',
  sessionToken: 'session-token/EXAMPLE==',
};

/** Another service of JSON 1.1 than Secrets Manager, for the requests whose signature is right. */
export interface AwsOtherService {
  readonly name: string;
  answer(target: string, body: string): { readonly status: number; readonly value: object };
}

/**
 * A server that answers as AWS Secrets Manager (JSON 1.1) and STS (query, XML) are documented, and checks each signature
 * by signing the request again. It stands in for the real ones, which cannot be installed: its shapes are those of the
 * API reference.
 */
export async function startAwsServer(clock: Clock, other?: AwsOtherService) {
  const valuesById = new Map<string, string | Buffer>();
  const asked: { readonly target: string; readonly body: string }[] = [];
  const webTokens = new Set<string>();
  const state = { broken: false, fault: null as string | null };

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const target = String(request.headers['x-amz-target'] ?? request.url);
      asked.push({ target, body });
      const send = (status: number, value: object) => {
        response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': 'req-1' });
        response.end(JSON.stringify(value));
      };
      if (state.broken)
        return send(500, { __type: 'InternalServiceError', Message: 'An error occurred on the server side.' });
      if (request.url === '/sts/') return sts(body);
      if (!(await isSigned(request.headers as Record<string, string>, body)))
        return send(400, {
          __type: 'InvalidSignatureException',
          message: 'The request signature we calculated does not match',
        });
      if (state.fault !== null) return send(400, { __type: state.fault, Message: 'Something of the account.' });
      if (other) {
        const { status, value } = other.answer(target, body);
        return send(status, value);
      }
      if (target !== 'secretsmanager.GetSecretValue') return send(400, { __type: 'UnknownOperationException' });
      const { SecretId } = JSON.parse(body) as { SecretId: string };
      const value = valuesById.get(SecretId);
      if (value === undefined)
        return send(400, {
          __type: 'ResourceNotFoundException',
          Message: "Secrets Manager can't find the specified secret.",
        });
      send(200, {
        ARN: `arn:aws:secretsmanager:eu-central-1:123456789012:secret:${SecretId}-a1b2c3`,
        CreatedDate: 1.523477145713e9,
        Name: SecretId,
        ...(typeof value === 'string' ? { SecretString: value } : { SecretBinary: value.toString('base64') }),
        VersionId: 'EXAMPLE1-90ab-cdef-fedc-ba987SECRET1',
        VersionStages: ['AWSCURRENT'],
      });
    });

    function sts(body: string): void {
      const form = new URLSearchParams(body);
      const good =
        form.get('Action') === 'AssumeRoleWithWebIdentity' && webTokens.has(form.get('WebIdentityToken') ?? '');
      response.writeHead(good ? 200 : 400, { 'content-type': 'text/xml' });
      const expiration = new Date(clock.now().getTime() + Number(form.get('DurationSeconds')) * 1000).toISOString();
      response.end(
        good
          ? `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials><SessionToken>${ROLE_KEY.sessionToken}</SessionToken><SecretAccessKey>${ROLE_KEY.secretAccessKey}</SecretAccessKey><Expiration>${expiration}</Expiration><AccessKeyId>${ROLE_KEY.accessKeyId}</AccessKeyId></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`
          : '<ErrorResponse><Error><Type>Sender</Type><Code>InvalidIdentityToken</Code></Error></ErrorResponse>',
      );
    }
  });

  async function isSigned(headers: Record<string, string>, body: string): Promise<boolean> {
    const [, access] = /Credential=([A-Z0-9]+)\//.exec(headers.authorization ?? '') ?? [];
    const credentials = [STATIC_KEY, ROLE_KEY].find((key) => key.accessKeyId === access);
    if (!credentials) return false;
    const stamp = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(headers['x-amz-date'] ?? '');
    if (!stamp) return false;
    const date = new Date(`${stamp.slice(1, 4).join('-')}T${stamp.slice(4).join(':')}Z`);
    if (Math.abs(date.getTime() - clock.now().getTime()) > 5 * 60_000) return false;
    const service = other?.name ?? 'secretsmanager';
    const signer = new SignatureV4({ service, region: 'eu-central-1', credentials, sha256: Sha256 });
    const signed = await signer.sign(
      {
        ...{ method: 'POST', protocol: 'http:', hostname: '127.0.0.1', path: '/', body },
        headers: {
          host: headers.host ?? '',
          'content-type': headers['content-type'] ?? '',
          'x-amz-target': headers['x-amz-target'] ?? '',
        },
      },
      { signingDate: date },
    );
    return signed.headers.authorization === headers.authorization;
  }

  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    endpoint: `http://127.0.0.1:${port}/`,
    sts_endpoint: `http://127.0.0.1:${port}/sts/`,
    valuesById,
    webTokens,
    asked,
    state,
    close: () =>
      new Promise<void>((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}
