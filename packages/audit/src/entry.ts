import { createHash } from 'node:crypto';
import {
  type Clock,
  canonicalJson,
  fieldErrors,
  type JsonObject,
  NotCanonical,
  newId,
  nonceBytes,
  PortreeveError,
  RECORD_TYPES,
  type RecordDraft,
  recordEntrySchema,
} from '@portreeve/contract';
import { refsIn } from './columns.ts';
import type { SealingKey } from './keys/key-ring.ts';
import { sealPayload } from './keys/sealer.ts';
import type { Redactor, StagedRecord } from './ports.ts';

/** C2SP tlog-tiles carries entries with a 16-bit length. */
const ENTRY_MAX_BYTES = 65_535;
/** What an index adds to a staged entry at the most: 2^53 has 16 digits, and one stands there already. */
const INDEX_DIGITS = 15;
/** Bytes that one record's payload may take. */
export const PAYLOAD_MAX_BYTES = 1024 * 1024;
const NAME_MAX = 128;

/**
 * Checks a draft against the schema of its type, redacts it and fixes its bytes; it then lacks only its place in the
 * log. Throws `internal` for a draft that its type does not allow (a defect of the caller), `too_large` where the bounds
 * of a record are passed.
 */
export function stageRecord(
  draft: RecordDraft,
  options: {
    readonly log: string;
    readonly redactor: Redactor;
    readonly clock: Clock;
    /** Seals the payload. */
    readonly key: SealingKey;
  },
): StagedRecord {
  const { log, redactor, clock, key } = options;
  const parsed = RECORD_TYPES[draft.type].safeParse(draft.data);
  if (!parsed.success) throw invalid(draft, fieldErrors(parsed.error));
  const data = parsed.data as JsonObject;
  // Before the detectors run, so that they never read more than this.
  bounded(draft, 'payload', JSON.stringify(data), PAYLOAD_MAX_BYTES);
  const { name: given, ...actor } = draft.actor;
  const name = redactor.text(given);
  const payload = canonical(draft, {
    nonce: Buffer.from(nonceBytes(16).buffer).toString('base64url'),
    actor_name: name.length <= NAME_MAX ? name : `${name.slice(0, NAME_MAX - 1)}\u2026`.toWellFormed(),
    data: redactor.value(data),
  });
  bounded(draft, 'payload', payload, PAYLOAD_MAX_BYTES);
  const named = Object.entries({ ...refsIn(data), ...draft.refs });
  const refs = Object.fromEntries(named.filter(([, value]) => value !== undefined));
  const time = clock.now();
  const checked = recordEntrySchema.safeParse({
    v: 1,
    id: draft.id ?? newId('record', { now: () => time }),
    log,
    index: 0,
    time: time.toISOString(),
    type: draft.type,
    actor,
    refs,
    keys: key.ids,
    outcome: draft.outcome ?? '',
    // As `digestOfText` of the contract does, which knows no Node: a tenth of its time.
    payload_digest: `sha256:${createHash('sha256').update(payload, 'utf8').digest('hex')}`,
  });
  if (!checked.success) throw invalid(draft, fieldErrors(checked.error));
  const entry = canonical(draft, checked.data);
  bounded(draft, 'entry', entry, ENTRY_MAX_BYTES - INDEX_DIGITS);
  return { key: draft.key ?? null, entry, payload: sealPayload(key, checked.data, payload) };
}

function canonical(draft: RecordDraft, value: unknown): string {
  try {
    return canonicalJson(value);
  } catch (error) {
    if (error instanceof NotCanonical) throw invalid(draft, [{ path: '', message: error.message }], error);
    throw error;
  }
}

function bounded(draft: RecordDraft, part: string, text: string, max: number): void {
  const size = Buffer.byteLength(text, 'utf8');
  if (size > max)
    throw new PortreeveError(
      'too_large',
      `The ${part} of a ${draft.type} record is ${size} bytes; ${max} are allowed.`,
    );
}

function invalid(draft: RecordDraft, errors: { path: string; message: string }[], cause?: unknown): PortreeveError {
  const where = errors.map((error) => `${error.path}: ${error.message}`).join('; ');
  return new PortreeveError('internal', `A ${draft.type} record does not satisfy its schema (${where}).`, {
    errors,
    ...(cause === undefined ? {} : { cause }),
  });
}
