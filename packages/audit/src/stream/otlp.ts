import type { StreamRecord } from './formats.ts';

/** OpenTelemetry severity numbers. */
const INFO = { severityNumber: 9, severityText: 'INFO' };
const WARN = { severityNumber: 13, severityText: 'WARN' };
const WARNS = /^(refuse|refused|failed|unknown|broken|deny|denied|invalid)$/;

/** A record as one OTLP log record (opentelemetry-proto 1.x, JSON). Names of models and tools follow `gen_ai.*`. */
export function otlpLog({ entry, payload }: StreamRecord): object {
  const nanos = `${Date.parse(entry.time)}000000`;
  const { refs } = entry;
  const attributes: Record<string, string | number | undefined> = {
    'portreeve.log': entry.log,
    'portreeve.index': entry.index,
    'portreeve.record.id': entry.id,
    'portreeve.outcome': entry.outcome || undefined,
    'portreeve.payload.digest': entry.payload_digest,
    'enduser.id': entry.actor.id,
    'gen_ai.agent.id': entry.actor.act[0]?.id,
    'gen_ai.workflow.name': refs.workflow,
    'gen_ai.tool.name': refs.tool,
    'gen_ai.request.model': refs.model,
    'portreeve.run.id': refs.run,
    'portreeve.proposal.id': refs.proposal,
    'portreeve.approval.id': refs.approval,
    'portreeve.grant.id': refs.grant,
    'portreeve.policy.version': refs.policy_version,
    'portreeve.release': refs.release,
  };
  return {
    timeUnixNano: nanos,
    observedTimeUnixNano: nanos,
    ...(WARNS.test(entry.outcome) ? WARN : INFO),
    eventName: `portreeve.${entry.type}`,
    body: { stringValue: JSON.stringify(payload?.data ?? null) },
    attributes: Object.entries(attributes).flatMap(([key, value]) => {
      if (value === undefined) return [];
      // 64-bit numbers are strings in OTLP's JSON.
      return [{ key, value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value } }];
    }),
  };
}

/** An `ExportLogsServiceRequest` of records that are formatted already. */
export function otlpRequest(logs: readonly string[]): string {
  const resource = '{"attributes":[{"key":"service.name","value":{"stringValue":"portreeve"}}]}';
  return `{"resourceLogs":[{"resource":${resource},"scopeLogs":[{"scope":{"name":"portreeve.audit"},"logRecords":[${logs.join(',')}]}]}]}`;
}
