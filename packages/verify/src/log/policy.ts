import { type OpenedNote, openNote, parseCheckpoint, parseVkey } from './note.ts';

const LINES_MAX = 10_000;

/** A text that should be a C2SP tlog-policy, and is none. */
export class BadPolicy extends TypeError {
  override readonly name = 'BadPolicy';
}

/** Whose signatures are believed: logs, witnesses, and which of these must have cosigned (C2SP tlog-policy). */
export interface Policy {
  /** Verifier keys. */
  readonly logs: readonly string[];
  readonly witnesses: ReadonlyMap<string, string>;
  readonly groups: ReadonlyMap<string, { readonly least: number; readonly members: readonly string[] }>;
  /** A witness or a group; `none` asks for no cosignature. */
  readonly quorum: string;
}

/** Verifier keys of the log, any of which suffices, or a policy. */
export type Trust = readonly string[] | Policy;

/** Reads a policy file. Throws {@link BadPolicy} with the line. */
export function parsePolicy(text: string): Policy {
  const logs: string[] = [];
  const witnesses = new Map<string, string>();
  const groups = new Map<string, { least: number; members: string[] }>();
  const keys = new Set<string>();
  const grouped = new Set<string>();
  let quorum: string | null = null;
  const lines = text.split('\n');
  if (lines.length > LINES_MAX) throw new BadPolicy(`more than ${LINES_MAX} lines`);
  lines.forEach((line, i) => {
    const refuse = (why: string): never => {
      throw new BadPolicy(`line ${i + 1}: ${why}`);
    };
    if (/[^\t\u0020-\u007e\u0080-\uffff]/.test(line)) refuse('a control character');
    const [word, ...rest] = line.split(/[ \t]+/).filter((item) => item !== '');
    if (word === undefined || word.startsWith('#')) return;
    const useKey = (vkey: string | undefined, kinds: readonly string[]): string => {
      const key = vkey === undefined ? refuse('a verifier key is missing') : readKey(vkey, refuse);
      if (!kinds.includes(key.kind)) refuse('a key of this kind cannot be used here');
      // The same key under another name is the same.
      const material = key.key.join();
      if (keys.has(material)) refuse('this key stands in the policy already');
      keys.add(material);
      return key.vkey;
    };
    const newName = (name: string | undefined): string => {
      if (name === undefined || name === 'none' || witnesses.has(name) || groups.has(name))
        return refuse('a name that is missing, used already, or reserved');
      return name;
    };
    const known = (name: string | undefined): string =>
      name !== undefined && (witnesses.has(name) || groups.has(name))
        ? name
        : refuse(`"${name ?? ''}" is not defined above`);
    if (word === 'log' && rest.length <= 2) logs.push(useKey(rest[0], ['note', 'ed25519', 'ml-dsa-44']));
    else if (word === 'witness' && rest.length <= 3)
      witnesses.set(newName(rest[0]), useKey(rest[1], ['ed25519', 'ml-dsa-44']));
    else if (word === 'group') {
      const [name, count, ...names] = rest;
      const members = names.map((member) => {
        if (grouped.has(known(member))) refuse(`"${member}" is a member already`);
        grouped.add(member);
        return member;
      });
      const least =
        count === 'all'
          ? members.length
          : count === 'any'
            ? 1
            : /^[1-9][0-9]{0,3}$/.test(count ?? '')
              ? Number(count)
              : 0;
      if (members.length === 0 || least < 1 || least > members.length)
        refuse('a group of all, any, or 1 to so many as it has');
      groups.set(newName(name), { least, members });
    } else if (word === 'quorum' && rest.length === 1) {
      if (quorum !== null) refuse('a second quorum');
      quorum = rest[0] === 'none' ? 'none' : known(rest[0]);
    } else refuse('not a line of a policy');
  });
  if (quorum === null) throw new BadPolicy('it names no quorum');
  return { logs, witnesses, groups, quorum };
}

function readKey(vkey: string, refuse: (why: string) => never) {
  try {
    return parseVkey(vkey);
  } catch (error) {
    return refuse((error as Error).message);
  }
}

/**
 * Opens a checkpoint that is signed by a trusted log under its own name and cosigned as the policy asks. Throws
 * `BadVerifierKey`.
 */
export async function openTrusted(note: string, trust: Trust): Promise<OpenedNote> {
  if (!isPolicy(trust)) return openNote(note, trust);
  const opened = await openNote(note, [...trust.logs, ...trust.witnesses.values()]);
  if (!opened.ok) return opened;
  const origin = parseCheckpoint(opened.text)?.origin;
  const byLog = opened.signed_by.filter((vkey) => trust.logs.includes(vkey) && parseVkey(vkey).name === origin);
  if (byLog.length === 0) return { ok: false, fault: 'wrong_key' };
  const witnessed = (name: string): boolean => {
    const group = trust.groups.get(name);
    if (group) return group.members.filter(witnessed).length >= group.least;
    return opened.signed_by.includes(trust.witnesses.get(name)!);
  };
  if (trust.quorum !== 'none' && !witnessed(trust.quorum)) return { ok: false, fault: 'no_quorum' };
  const witnesses = opened.signed_by.filter((vkey) => [...trust.witnesses.values()].includes(vkey));
  return { ok: true, text: opened.text, signed_by: [...byLog, ...witnesses] };
}

function isPolicy(trust: Trust): trust is Policy {
  return 'quorum' in trust;
}
