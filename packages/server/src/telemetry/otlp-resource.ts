import type { JsonObject } from '@portreeve/contract';

/** Who tells: service, version and environment; `instance` tells several processes of one house apart. */
export interface About {
  readonly version: string;
  readonly environment: string;
  readonly instance: string;
}

export const textAttribute = (stringValue: string): JsonObject => ({ stringValue });

/** Attributes as OTLP's JSON has them. */
export function otlpAttributes(pairs: Readonly<Record<string, string>>): JsonObject[] {
  return Object.entries(pairs).map(([key, value]) => ({ key, value: textAttribute(value) }));
}

/** The resource of everything that this process tells (OpenTelemetry semantic conventions, service and deployment). */
export function otlpResource({ version, environment, instance }: About): JsonObject {
  return {
    attributes: otlpAttributes({
      'service.name': 'portreeve',
      'service.version': version,
      'service.instance.id': instance,
      'deployment.environment.name': environment,
    }),
  };
}
