import type { Clock } from '@portreeve/contract';
import { awsEndpoints, type S3ObjectsOptions, s3Objects } from '@portreeve/execute';
import { awsAuthIn, type Defined, wayOut, withoutUndefined } from './way-out.ts';

/** A bucket as the configuration names it. */
interface S3Place extends Loose<Omit<S3ObjectsOptions, 'name' | 'fetch' | 'auth' | 'clock' | 'timeout_ms'>> {
  readonly auth: S3ObjectsOptions['auth'];
  readonly private: boolean;
}
type Loose<T> = { [K in keyof T]: T[K] | undefined };
type Place = Defined<Omit<S3Place, 'auth' | 'private'>>;

/** Opens a bucket, with a way out of its own. Nothing is asked yet. */
export function openS3(name: string, given: S3Place, { folder, clock }: { folder: string; clock: Clock }) {
  const { region, bucket, prefix, endpoint, sts_endpoint } = given;
  const place = withoutUndefined({ region, bucket, prefix, endpoint, sts_endpoint }) as Place;
  const { service, sts } = awsEndpoints('s3', place);
  const egress = wayOut([service, sts], given.private);
  const auth = awsAuthIn(folder, given.auth);
  return { objects: s3Objects({ ...place, name, auth, clock, fetch: egress.fetch }), close: egress.close };
}
