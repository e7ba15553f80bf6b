import type { RecordType } from '@portreeve/contract';
import type { StreamRecord } from './formats.ts';

/** OCSF 1.9.0. `class_uid` is the category times 1000 and a number; `type_uid` the class times 100 and the activity. */
const VERSION = '1.9.0';
const AUTHENTICATION = { class_uid: 3002, category_uid: 3 };
const ENTITY_MANAGEMENT = { class_uid: 3004, category_uid: 3 };
const API_ACTIVITY = { class_uid: 6003, category_uid: 6 };

const LOGON = 1;
const LOGOFF = 2;
const CREATE = 1;
const READ = 2;
const UPDATE = 3;
const OTHER = 99;

/** Types that are no call of an interface. All others are API Activity. */
const CLASSES: Partial<
  Record<RecordType, { readonly class_uid: number; readonly category_uid: number; readonly activity_id: number }>
> = {
  'identity.signed_in': { ...AUTHENTICATION, activity_id: LOGON },
  'identity.sign_in_failed': { ...AUTHENTICATION, activity_id: LOGON },
  'identity.workload_signed_in': { ...AUTHENTICATION, activity_id: LOGON },
  'identity.signed_out': { ...AUTHENTICATION, activity_id: LOGOFF },
  'identity.sessions_ended': { ...AUTHENTICATION, activity_id: LOGOFF },
  'policy.loaded': { ...ENTITY_MANAGEMENT, activity_id: UPDATE },
  'release.loaded': { ...ENTITY_MANAGEMENT, activity_id: UPDATE },
  'environment.changed': { ...ENTITY_MANAGEMENT, activity_id: UPDATE },
  'secret.changed': { ...ENTITY_MANAGEMENT, activity_id: UPDATE },
  'key.created': { ...ENTITY_MANAGEMENT, activity_id: CREATE },
  'identity.agent_registered': { ...ENTITY_MANAGEMENT, activity_id: CREATE },
  'identity.agent_changed': { ...ENTITY_MANAGEMENT, activity_id: UPDATE },
};

const ALLOWED = /^(permit|notify|approve|approved|succeeded|completed)$/;
const DENIED = /^(refuse|refused|deny|denied)$/;
const FAILED = /^(failed|unknown|broken|invalid)$/;

const INFORMATIONAL = 1;
const MEDIUM = 3;

/**
 * A record as an OCSF event. What OCSF has no place for stands under `unmapped.portreeve`, the entry and the payload
 * among it. There is no `record_integrity` profile: its fingerprint would be over this event, and what the log proves is
 * the entry.
 */
export function ocsfEvent({ entry, payload }: StreamRecord): object {
  const { refs, actor, outcome } = entry;
  const { activity_id, ...kind } = CLASSES[entry.type] ?? { ...API_ACTIVITY, activity_id: activityOf(entry.type) };
  const denied = DENIED.test(outcome) || entry.type === 'identity.sign_in_failed' || entry.type === 'identity.refused';
  const failed = denied || FAILED.test(outcome);
  const agent = actor.act[0]?.id ?? (actor.kind === 'agent' ? actor.id : undefined);
  const user = {
    uid: actor.id,
    ...(payload?.actor_name ? { name: payload.actor_name } : {}),
    type_id: actor.kind === 'person' ? 1 : OTHER,
    type: actor.kind,
  };
  return {
    ...kind,
    activity_id,
    activity_name: entry.type,
    type_uid: kind.class_uid * 100 + activity_id,
    severity_id: failed ? MEDIUM : INFORMATIONAL,
    status_id: failed ? 2 : 1,
    ...(refs.codes?.[0] ? { status_code: refs.codes[0] } : {}),
    time: Date.parse(entry.time),
    metadata: {
      version: VERSION,
      product: { name: 'Portreeve', vendor_name: 'Portreeve' },
      profiles: ['security_control', 'ai_operation'],
      uid: entry.id,
      sequence: entry.index,
      log_name: entry.log,
      ...(refs.run ? { correlation_uid: refs.run } : {}),
    },
    ...(ALLOWED.test(outcome) ? { action_id: 1, disposition_id: 1 } : {}),
    ...(denied ? { action_id: 2, disposition_id: 2 } : {}),
    ...(refs.policy_version ? { policy: { uid: refs.policy_version, name: 'portreeve' } } : {}),
    ...(agent ? { ai_agent: { uid: agent, name: agent, type_id: OTHER, type: 'Portreeve' } } : {}),
    ...(refs.model ? { ai_model: { name: refs.model, ai_provider: 'model endpoint' } } : {}),
    actor: { user },
    ...ownOf(kind.class_uid, entry.type, user, refs.tool),
    unmapped: { portreeve: { entry, payload } },
  };
}

/** The attributes that each class requires of its own. */
function ownOf(class_uid: number, type: RecordType, user: object, tool: string | undefined): object {
  if (class_uid === AUTHENTICATION.class_uid) return { user, service: { name: 'portreeve' } };
  if (class_uid === ENTITY_MANAGEMENT.class_uid)
    return { entity: { name: type.split('.')[0], type: type.split('.')[0] } };
  return { api: { operation: tool ?? type, service: { name: 'portreeve' } }, src_endpoint: { name: 'portreeve' } };
}

function activityOf(type: RecordType): number {
  if (type === 'api.read' || type === 'audit.read' || type === 'source.read' || type === 'tool.answered') return READ;
  if (type === 'run.submitted' || type === 'proposal.submitted' || type === 'approval.requested') return CREATE;
  return OTHER;
}
