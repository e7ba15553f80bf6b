import {
  type KeyId,
  type Purpose,
  RECORD_CLASSES,
  type RecordDraft,
  type RecordEntry,
  type RecordId,
} from '@portreeve/contract';
import type { StoredRecord } from '../ports.ts';
import { type KeyRing, type SealingKey, setName } from './key-ring.ts';
import { seal, unseal } from './sealed.ts';
import type { SubjectDirectory } from './subjects.ts';

/** A stored record whose payload was opened. */
export interface OpenedRecord extends Omit<StoredRecord, 'payload'> {
  /** RFC 8785 text; `null` where it cannot be read. */
  readonly payload: string | null;
  /** `erased`: one of its keys is gone. `missing`: the payload is. `damaged`: it is not what was sealed there. */
  readonly unread: 'erased' | 'missing' | 'damaged' | null;
  readonly keys: readonly KeyId[];
}

/** Seals the payloads of records for those whom they are about. */
export interface PayloadSealer {
  /** Which key seals the payload of a draft. */
  keyFor(draft: RecordDraft): SealingKey | Promise<SealingKey>;
  open(records: readonly StoredRecord[]): Promise<OpenedRecord[]>;
}

export function payloadSealer(ring: KeyRing, subjects: SubjectDirectory): PayloadSealer {
  return {
    keyFor(draft) {
      const { purpose } = RECORD_CLASSES[draft.type];
      const about = subjects.of(draft);
      return about instanceof Promise
        ? about.then((found) => ring.sealing(found, purpose))
        : ring.sealing(about, purpose);
    },
    async open(records) {
      const heads = records.map(({ entry }) => headOf(entry));
      const keys = await ring.opening(heads.map((head) => head.keys));
      return records.map((record, i) => {
        const head = heads[i]!;
        const key = keys.get(setName(head.keys));
        if (!key) return { ...record, payload: null, unread: 'erased', keys: head.keys };
        if (record.payload === null) return { ...record, payload: null, unread: 'missing', keys: head.keys };
        const payload = unseal(key, payloadBinding(head), record.payload);
        return { ...record, payload, unread: payload === null ? 'damaged' : null, keys: head.keys };
      });
    },
  };
}

interface Head {
  readonly log: string;
  readonly id: RecordId | '';
  readonly keys: readonly KeyId[];
}

/** What a sealed payload is bound to: its record, so that it opens in no other one. */
export function payloadBinding({ log, id }: Pick<Head, 'log' | 'id'>): string {
  return `portreeve/payload/1/${log}/${id}`;
}

export function sealPayload(key: SealingKey, head: Pick<RecordEntry, 'log' | 'id'>, payload: string): string {
  return seal(key.key, payloadBinding(head), payload);
}

/** An entry that was spoilt in the database must not stop the reading of all others. */
function headOf(entry: string): Head {
  try {
    const { log, id, keys } = JSON.parse(entry) as Partial<RecordEntry>;
    const ids = Array.isArray(keys) && keys.every((key) => typeof key === 'string') ? keys : [];
    return { log: String(log), id: id ?? '', keys: ids };
  } catch {
    return { log: '', id: '', keys: [] };
  }
}

/** Seals what other tables hold about people, in the text of a column: `<key ids>:<sealed>`. */
export interface TextSealer {
  seal(subjects: readonly string[], purpose: Purpose, binding: string, text: string): Promise<string>;
  /** In the order in which they came; `null` for one that was erased. Throws where one is not what was sealed there. */
  open(sealed: readonly { readonly text: string; readonly binding: string }[]): Promise<(string | null)[]>;
}

export function textSealer(ring: KeyRing): TextSealer {
  return {
    async seal(subjects, purpose, binding, text) {
      const { ids, key } = await ring.sealing(subjects, purpose);
      return `${setName(ids)}:${seal(key, `portreeve/column/1/${binding}`, text)}`;
    },
    async open(sealed) {
      const parts = sealed.map(({ text }) => {
        const [ids = '', content = ''] = text.split(':', 2);
        return { ids: ids.split(',') as KeyId[], content };
      });
      const keys = await ring.opening(parts.map(({ ids }) => ids));
      return parts.map(({ ids, content }, i) => {
        const key = keys.get(setName(ids));
        if (!key) return null;
        const text = unseal(key, `portreeve/column/1/${sealed[i]!.binding}`, content);
        if (text === null) throw new Error(`what is stored at ${sealed[i]!.binding} is not what was sealed there`);
        return text;
      });
    },
  };
}
