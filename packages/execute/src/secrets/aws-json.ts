import { Sha256 } from '@aws-crypto/sha256-js';
import type { Clock } from '@portreeve/contract';
import { SignatureV4 } from '@smithy/signature-v4';
import { z } from 'zod';
import { askText, type GuardedFetch, type TextAnswer } from './ask-json.ts';
import { type AwsAuth, awsIdentity } from './aws-role.ts';

/** The services that are spoken to, as they are named in addresses and signatures. */
export type AwsService = 'secretsmanager' | 'kms' | 's3';

export interface AwsPlace {
  readonly region: string;
  /** Other addresses than those of the region: a VPC endpoint, or a test. */
  readonly endpoint?: string;
  readonly sts_endpoint?: string;
}

/** Where a service of a region is, and who gives sessions for it. */
export function awsEndpoints(service: AwsService, { region, endpoint, sts_endpoint }: AwsPlace) {
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return {
    service: new URL(endpoint ?? `https://${service}.${region}.${domain}/`),
    sts: new URL(sts_endpoint ?? `https://sts.${region}.${domain}/`),
  };
}

export interface AwsJsonOptions extends AwsPlace {
  readonly fetch: GuardedFetch;
  readonly auth: AwsAuth;
  readonly clock: Clock;
  readonly timeout_ms?: number;
}

export interface AwsJsonAnswer extends TextAnswer {
  /** The name of the error where it is one that says so, such as `ThrottlingException`. */
  readonly fault: string | null;
}

export interface AwsJson {
  /** One operation, such as `secretsmanager.GetSecretValue`. Rejects with `SecretStoreError` where there is no whole answer. */
  ask(target: string, body: object): Promise<AwsJsonAnswer>;
  /** Forgets the session. */
  forget(): void;
}

/** A service of AWS that speaks JSON 1.1, each request signed with Signature Version 4 by AWS's own signer, through our egress guard. */
export function awsJson(service: AwsService, options: AwsJsonOptions): AwsJson {
  const { fetch, region, clock, timeout_ms = 10_000 } = options;
  const { service: url, sts } = awsEndpoints(service, options);
  const identity = awsIdentity({ fetch, auth: options.auth, sts, clock, timeout_ms });

  return {
    async ask(target, content) {
      const body = JSON.stringify(content);
      const signer = new SignatureV4({ service, region, credentials: await identity.get(), sha256: Sha256 });
      const signed = await signer.sign(
        {
          ...{ method: 'POST', protocol: url.protocol, hostname: url.hostname, path: url.pathname, body },
          headers: { host: url.host, 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target },
        },
        { signingDate: clock.now() },
      );
      const { host: _, ...headers } = signed.headers;
      const answer = await askText(fetch, url, { method: 'POST', headers, body }, { what: 'AWS', timeout_ms });
      const fault = answer.status === 200 ? null : faultOf(answer.text);
      if (fault === 'ExpiredTokenException' || answer.status === 403) identity.forget();
      return { ...answer, fault };
    },
    forget: () => identity.forget(),
  };
}

const faultSchema = z.object({ __type: z.string().max(200) });

/** The name of an AWS error, if it is a plain word: text from outside must not speak in our messages. */
function faultOf(text: string): string | null {
  try {
    const type = faultSchema.parse(JSON.parse(text)).__type.split('#').at(-1) ?? '';
    return /^[A-Za-z]{1,64}$/.test(type) ? type : null;
  } catch {
    return null;
  }
}
