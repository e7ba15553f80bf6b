import { canonicalJson, compileSchema, RECORD_TYPE_NAMES } from '@portreeve/contract';
import { describe, expect, test } from 'vitest';
import { encodeBatch, formatRecord, STREAM_FORMATS, type StreamFormat } from './formats.ts';

const digest = `sha256:${'0'.repeat(64)}`;

function record(type: string, outcome: string): { entry: string; payload: string } {
  const entry = canonicalJson({
    ...{ v: 1, id: 'rec_1', log: 'test.example/audit', index: 41, time: '2026-11-20T08:00:00.123Z', type, outcome },
    actor: { id: 'prn_a', kind: 'person', act: [{ id: 'agent:refunds', kind: 'agent' }] },
    refs: {
      run: 'run_1',
      workflow: 'refunds',
      tool: 'pay',
      model: 'claude-1',
      policy_version: digest,
      codes: ['over_limit'],
    },
    payload_digest: digest,
  });
  return { entry, payload: canonicalJson({ data: { note: 'line\u2028two "x"\n' }, nonce: 'n', actor_name: 'ada' }) };
}
const parsed = (format: StreamFormat, type = 'decision.made', outcome = 'refuse') =>
  JSON.parse(formatRecord(format, record(type, outcome)));

/**
 * By the documentation of OCSF 1.9.0: base event, security control, and what each class requires (`actor`, `api` and
 * `src_endpoint` of API Activity; `user`, and `service` or `dst_endpoint`, of Authentication; `entity` of Entity
 * Management). Written by hand: the schema files are in no package of the npm registry.
 */
const integer = { type: 'integer' };
const text = { type: 'string', minLength: 1 };
const OCSF = {
  type: 'object',
  required: ['activity_id', 'category_uid', 'class_uid', 'metadata', 'severity_id', 'time', 'type_uid', 'actor'],
  properties: {
    ...{ activity_id: integer, class_uid: { enum: [3002, 3004, 6003] }, category_uid: { enum: [3, 6] }, time: integer },
    severity_id: { enum: [0, 1, 2, 3, 4, 5, 6, 99] },
    status_id: { enum: [0, 1, 2, 99] },
    action_id: { enum: [0, 1, 2, 3, 4, 99] },
    metadata: {
      type: 'object',
      required: ['product', 'version'],
      properties: {
        version: { const: '1.9.0' },
        product: { type: 'object', required: ['vendor_name'], properties: { name: text, vendor_name: text } },
        sequence: integer,
      },
    },
    actor: {
      type: 'object',
      required: ['user'],
      properties: { user: { type: 'object', properties: { uid: text, type_id: integer } } },
    },
  },
  oneOf: [
    {
      required: ['api', 'src_endpoint'],
      properties: {
        class_uid: { const: 6003 },
        category_uid: { const: 6 },
        activity_id: { enum: [0, 1, 2, 3, 4, 99] },
      },
    },
    {
      required: ['user', 'service'],
      properties: { class_uid: { const: 3002 }, category_uid: { const: 3 }, activity_id: { enum: [0, 1, 2, 99] } },
    },
    { required: ['entity'], properties: { class_uid: { const: 3004 }, category_uid: { const: 3 } } },
  ],
};

describe('G8: formats of an export to other systems', () => {
  test('each is one line, and the same for the same record', () => {
    for (const format of STREAM_FORMATS) {
      const line = formatRecord(format, record('decision.made', 'refuse'));
      expect(line).not.toContain('\n');
      expect(formatRecord(format, record('decision.made', 'refuse'))).toBe(line);
    }
  });

  test('JSON Lines keep the bytes that the log proves', () => {
    const stored = record('decision.made', 'refuse');
    const line = formatRecord('jsonl', stored);
    expect(line).toBe(`{"entry":${stored.entry},"payload":${stored.payload}}`);
    expect(formatRecord('jsonl', { ...stored, payload: null })).toBe(`{"entry":${stored.entry},"payload":null}`);
  });

  test('every type of record is an OCSF event of its class', () => {
    const faults = compileSchema(OCSF);
    for (const type of RECORD_TYPE_NAMES) {
      const event = parsed('ocsf', type, 'permit');
      expect(faults(event), type).toEqual([]);
      expect(event.type_uid, type).toBe(event.class_uid * 100 + event.activity_id);
      expect(Math.floor(event.class_uid / 1000), type).toBe(event.category_uid);
    }
    expect(faults({ ...parsed('ocsf'), api: undefined, metadata: {} })).not.toEqual([]);
  });

  test('OCSF: who, what, why and whether it was allowed', () => {
    expect(parsed('ocsf')).toMatchObject({
      ...{ class_uid: 6003, activity_id: 99, type_uid: 600399, activity_name: 'decision.made', time: 1795161600123 },
      ...{ action_id: 2, status_id: 2, status_code: 'over_limit', severity_id: 3, policy: { uid: digest } },
      metadata: { uid: 'rec_1', sequence: 41, log_name: 'test.example/audit', correlation_uid: 'run_1' },
      actor: { user: { uid: 'prn_a', type_id: 1 } },
      api: { operation: 'pay' },
      ai_agent: { uid: 'agent:refunds' },
      ai_model: { name: 'claude-1' },
    });
    expect(parsed('ocsf', 'identity.signed_in', '')).toMatchObject({ class_uid: 3002, type_uid: 300201 });
    expect(parsed('ocsf', 'identity.sign_in_failed', '')).toMatchObject({
      class_uid: 3002,
      action_id: 2,
      status_id: 2,
    });
    expect(parsed('ocsf', 'policy.loaded', '')).toMatchObject({ class_uid: 3004, entity: { name: 'policy' } });
  });

  test('CloudEvents 1.0, structured', () => {
    expect(parsed('cloudevents')).toMatchObject({
      ...{ specversion: '1.0', id: 'rec_1', source: '//test.example/audit', type: 'portreeve.decision.made' },
      ...{ subject: 'run_1', time: '2026-11-20T08:00:00.123Z', datacontenttype: 'application/json', sequence: '41' },
      data: { entry: { index: 41 }, payload: { nonce: 'n' } },
    });
    const { body, content_type } = encodeBatch('cloudevents', ['{"a":1}', '{"a":2}']);
    expect([content_type, JSON.parse(body)]).toEqual(['application/cloudevents-batch+json', [{ a: 1 }, { a: 2 }]]);
  });

  test('OTLP logs, in JSON', () => {
    const log = parsed('otlp');
    expect(log).toMatchObject({
      ...{ timeUnixNano: '1795161600123000000', severityNumber: 13, eventName: 'portreeve.decision.made' },
      body: { stringValue: '{"note":"line\u2028two \\"x\\"\\n"}' },
    });
    expect(log.attributes).toContainEqual({ key: 'portreeve.index', value: { intValue: '41' } });
    expect(log.attributes).toContainEqual({ key: 'gen_ai.tool.name', value: { stringValue: 'pay' } });
    const request = JSON.parse(encodeBatch('otlp', [formatRecord('otlp', record('run.ended', 'completed'))]).body);
    expect(request.resourceLogs[0].scopeLogs[0].logRecords).toMatchObject([{ severityNumber: 9 }]);
  });
});
