import type { Item } from './read-request.ts';

interface Signal {
  readonly pattern: RegExp;
  /** How telling it is in a security case, 1 to 10. */
  readonly weight: number;
  /** Words that a category of it may have. */
  readonly topics: readonly string[];
}

/** What is worth telling of a log or a message. The patterns have no nested repeats, so that no text is slow. */
export const SIGNALS: readonly Signal[] = [
  {
    pattern: /minidump|comsvcs|mimikatz|sekurlsa|procdump/i,
    weight: 10,
    topics: ['credential', 'dump', 'theft', 'memory'],
  },
  {
    pattern: /(audit|event) log was cleared|log file was cleared|wevtutil(\.exe)? cl/i,
    weight: 9,
    topics: ['defense', 'evasion', 'tampering', 'log'],
  },
  {
    pattern: /promptforcredential|get-credential|credui|credential prompt/i,
    weight: 9,
    topics: ['credential', 'phishing', 'input', 'capture'],
  },
  {
    pattern: /-enc(odedcommand)?\s|frombase64string|invoke-expression|downloadstring/i,
    weight: 8,
    topics: ['execution', 'script', 'powershell', 'malware'],
  },
  {
    pattern: /vssadmin.{0,40}delete|bcdedit|set-mppreference|disablerealtimemonitoring/i,
    weight: 8,
    topics: ['impact', 'ransomware', 'evasion', 'tampering'],
  },
  { pattern: /createremotethread|process hollow|reflective/i, weight: 7, topics: ['injection', 'evasion', 'malware'] },
  { pattern: /\.dmp\b/i, weight: 6, topics: ['credential', 'dump', 'memory'] },
  {
    pattern: /schtasks|scheduled task was created|service was installed|currentversion\\run\b/i,
    weight: 6,
    topics: ['persistence', 'service', 'task'],
  },
  {
    pattern: /invoke-webrequest|bitsadmin|certutil|mshta|regsvr32/i,
    weight: 5,
    topics: ['execution', 'download', 'malware'],
  },
  {
    pattern: /user account was created|added to a security-enabled|reset an account's password/i,
    weight: 5,
    topics: ['account', 'persistence', 'privilege', 'identity'],
  },
  { pattern: /read from process memory|\blsass(\.exe)?\b/i, weight: 4, topics: ['credential', 'access', 'memory'] },
  {
    pattern: /failed to log ?on|logon failure|login failed/i,
    weight: 4,
    topics: ['brute', 'force', 'login', 'access'],
  },
  { pattern: /\brundll32(\.exe)?\b/i, weight: 3, topics: ['execution', 'evasion'] },
  { pattern: /powershell/i, weight: 3, topics: ['execution', 'script', 'powershell'] },
  { pattern: /new process has been created|process create/i, weight: 2, topics: ['execution', 'process'] },
  { pattern: /network connection detected|permitted a connection/i, weight: 2, topics: ['network', 'connection'] },
  { pattern: /special privileges assigned/i, weight: 1, topics: ['privilege', 'escalation'] },
];

const ADDRESS = /\b(?:\d{1,3}\.){3}\d{1,3}\b/g;
const INSIDE = /^(0|10|127|169\.254|192\.168|172\.(1[6-9]|2\d|3[01])|22[4-9]|23\d|255)\./;

export interface Ranked {
  readonly item: Item;
  readonly score: number;
  /** The weight of its most telling signal; 0 where there is none. */
  readonly weight: number;
  readonly topics: ReadonlySet<string>;
  readonly kind: string;
}

/** All items, the most telling first: strong signals, then rare kinds. Each further item of one kind counts for less. */
export function rank(items: readonly Item[]): Ranked[] {
  const kinds = items.map(kindOf);
  const countsByKind = Map.groupBy(kinds, (kind) => kind);
  const scored = items.map((item, at): Ranked => {
    const found = SIGNALS.filter(({ pattern }) => pattern.test(item.text));
    const remote = (item.text.match(ADDRESS) ?? []).some((address) => !INSIDE.test(address));
    const weight = Math.max(remote ? 2 : 0, ...found.map((signal) => signal.weight));
    const kind = kinds[at] as string;
    const rarity = Math.log2(items.length / (countsByKind.get(kind)?.length ?? 1));
    const others = found.reduce((sum, signal) => sum + signal.weight, 0) - weight;
    const topics = new Set([...found.flatMap((signal) => signal.topics), ...(remote ? ['network', 'remote'] : [])]);
    return { item, kind, weight, topics, score: weight + 0.25 * Math.max(0, others) + 0.4 * rarity };
  });
  scored.sort((a, b) => b.score - a.score || a.item.position - b.item.position);
  const seen = new Map<string, number>();
  const damped = scored.map((ranked) => {
    const before = seen.get(ranked.kind) ?? 0;
    seen.set(ranked.kind, before + 1);
    return { ...ranked, score: ranked.score * 0.6 ** before };
  });
  return damped.sort((a, b) => b.score - a.score || a.item.position - b.item.position);
}

/** What kind of thing an item tells of: its first words, or the names of its fields. */
function kindOf(item: Item): string {
  const message = headlineOf(item);
  return message === '' ? item.fields.map((field) => field.words).join('|') : message.slice(0, 60).toLowerCase();
}

/** Fields that say in words what happened, best first. */
export const HEADLINES = ['message', 'subject', 'title', 'summary', 'description', 'text', 'body', 'details', 'event'];

/** The first sentence of an item's own message; empty where it has none. */
export function headlineOf(item: Item): string {
  const name = HEADLINES.find((words) => item.fields.some((field) => field.words === words));
  const message = item.fields.find((field) => field.words === name);
  const [line = ''] = (message?.value ?? '').trim().split(/\r?\n|\\r|\\n/);
  return (/^.*?[.!?](?=\s|$)/.exec(line)?.[0] ?? line).slice(0, 300).trim();
}
