import type { KeyStore } from '@portreeve/audit';
import {
  createKeyRing,
  HOUSE,
  type KeyRing,
  type SubjectDirectory,
  subjectDirectory,
  subjectName,
  type TextSealer,
  textSealer,
  type WordTokens,
  wordTokens,
} from '@portreeve/audit/writer';
import type { Clock, JsonObject, KeyWrapper, RunId } from '@portreeve/contract';
import type { Project } from './config/project.ts';
import type { Database } from './store/database.ts';
import { subjectKeyStore } from './store/subject-keys.ts';

/** What seals the record and what other tables hold about people. */
export interface Sealing {
  readonly store: KeyStore;
  readonly wrapper: KeyWrapper;
  readonly ring: KeyRing;
  readonly subjects: SubjectDirectory;
  readonly words: WordTokens;
  readonly texts: TextSealer;
  /** The name under which a subject is known here. */
  name(id: string): string;
  /** Whom a task is about besides who asks. */
  declared(workflow: string, input: JsonObject): readonly string[];
  /** Whose keys seal what belongs to a run: those given and those that the run declares; the house where there are none. */
  of(run: RunId | null, ...others: readonly string[]): Promise<readonly string[]>;
}

export function wireKeys(options: {
  readonly database: Database;
  /** Keys tokens and names, of this installation alone. */
  readonly key: Buffer;
  readonly wrapper: KeyWrapper;
  readonly clock: Clock;
  readonly declared?: (workflow: string, input: JsonObject) => string | null;
}): Sealing {
  const { database, key, wrapper, clock } = options;
  const store = subjectKeyStore(database);
  const ring = createKeyRing({ store, wrapper, clock });
  const subjects = subjectDirectory(store);
  const name = (id: string) => subjectName(id, key);
  return {
    ...{ store, wrapper, ring, subjects, name, words: wordTokens(key), texts: textSealer(ring) },
    declared(workflow, input) {
      const id = options.declared?.(workflow, input) ?? null;
      return id === null ? [] : [name(id)];
    },
    async of(run, ...others) {
      const found = [...others, ...(run === null ? [] : await subjects.ofRun(run))];
      return found.length === 0 ? [HOUSE] : [...new Set(found)];
    },
  };
}

/** What seals for a project, by the key of this installation. */
export const sealingOf = (house: {
  readonly database: Database;
  readonly keys: { readonly redaction: Buffer };
  readonly wrapper: KeyWrapper;
  readonly clock: Clock;
  readonly project: Pick<Project, 'workflows'>;
}): Sealing => wireKeys({ ...house, key: house.keys.redaction, declared: subjectDeclared(house.project) });

/** Reads out of a task's input whom its workflow declares it to be about. */
export function subjectDeclared(project: Pick<Project, 'workflows'>) {
  return (workflow: string, input: JsonObject): string | null => {
    const found = project.workflows.find(({ definition }) => definition.contract.name === workflow);
    const member = found?.definition.contract.subject;
    const id = member === undefined ? undefined : input[member];
    return typeof id === 'string' || typeof id === 'number' ? String(id) : null;
  };
}
