import { defineSource } from '@portreeve/sdk';
import { z } from 'zod';
import { caseId } from './input.ts';

/**
 * What an analyst needs to tell what happened on a Windows machine, and nothing else. Left out on purpose: the free-text
 * `Message` (it repeats the other fields and can hold anything), hashes, call traces, SIDs, GUIDs, handles and logon ids.
 */
const EVENT_FIELDS = [
  // When, what and where.
  { name: 'TimeCreated', max_chars: 40 },
  { name: 'EventID', max_chars: 10 },
  { name: 'Channel', max_chars: 100 },
  { name: 'Hostname', max_chars: 100 },
  // Processes.
  { name: 'Image', max_chars: 300 },
  { name: 'OriginalFileName', max_chars: 100 },
  { name: 'CommandLine', max_chars: 1000 },
  { name: 'ParentImage', max_chars: 300 },
  { name: 'ParentCommandLine', max_chars: 500 },
  { name: 'NewProcessName', max_chars: 300 },
  { name: 'ParentProcessName', max_chars: 300 },
  { name: 'ProcessName', max_chars: 300 },
  { name: 'ScriptBlockText', max_chars: 1500 },
  { name: 'ImageLoaded', max_chars: 300 },
  // One process reaching into another.
  { name: 'SourceImage', max_chars: 300 },
  { name: 'TargetImage', max_chars: 300 },
  { name: 'GrantedAccess', max_chars: 20 },
  // Files, registry, services, tasks, shares, devices.
  { name: 'TargetFilename', max_chars: 300 },
  { name: 'EventType', max_chars: 40 },
  { name: 'TargetObject', max_chars: 300 },
  { name: 'Details', max_chars: 300 },
  { name: 'ObjectName', max_chars: 300 },
  { name: 'ServiceName', max_chars: 100 },
  { name: 'ImagePath', max_chars: 300 },
  { name: 'TaskName', max_chars: 200 },
  { name: 'ShareName', max_chars: 200 },
  { name: 'PipeName', max_chars: 200 },
  { name: 'Device', max_chars: 200 },
  // Accounts and sign-ins.
  { name: 'User', max_chars: 100 },
  { name: 'SubjectUserName', max_chars: 100 },
  { name: 'TargetUserName', max_chars: 100 },
  { name: 'LogonType', max_chars: 10 },
  { name: 'IpAddress', max_chars: 60 },
  { name: 'WorkstationName', max_chars: 100 },
  { name: 'Status', max_chars: 20 },
  // Network.
  { name: 'Application', max_chars: 300 },
  { name: 'SourceAddress', max_chars: 60 },
  { name: 'DestAddress', max_chars: 60 },
  { name: 'DestPort', max_chars: 10 },
  { name: 'DestinationIp', max_chars: 60 },
  { name: 'DestinationHostname', max_chars: 200 },
  { name: 'DestinationPort', max_chars: 10 },
  { name: 'QueryName', max_chars: 200 },
  { name: 'QueryResults', max_chars: 200 },
];

/** Anybody who can make a machine write a log line can write into these: untrusted. They name people: personal. */
const label = {
  integrity: 'untrusted',
  confidentiality: 'confidential',
  categories: ['personal'],
  holds: 'logs',
} as const;

const limits = { max_items: 5000, max_bytes: 8 * 1024 * 1024, timeout_ms: 10_000 };

/** The logs that the case system keeps with a case. */
export const caseLogs = defineSource({
  name: 'case-logs',
  version: '1.0',
  title: 'Event logs of a case',
  ...label,
  categories: [...label.categories],
  query: z.strictObject({ case_id: caseId }),
  fields: EVENT_FIELDS,
  limits,
  binding: {
    kind: 'http',
    url: 'system://case-system/cases/{case_id}/logs',
    credential: 'case-system-read-token',
  },
});

/** The logs that the analyst attached. Attaching a file does not make what is in it trusted. */
export const attachedLogs = defineSource({
  name: 'attached-logs',
  version: '1.0',
  title: 'Event logs that the analyst attached',
  ...label,
  categories: [...label.categories],
  query: z.strictObject({}),
  fields: EVENT_FIELDS,
  limits,
  binding: { kind: 'attachment' },
});
