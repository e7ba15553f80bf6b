import { contrary, type Fact, gap, seen, shown } from '../found.ts';

/** The newest verification decides: an earlier fault that a later one does not find any more was looked into. */
const logVerified: Fact = async (look) => {
  const verified = await look.records('audit.verified');
  const newest = verified[0];
  if (!newest) return gap('Nobody has verified the log in this span: portreeve audit verify.');
  const size = newest.data?.size ?? 0;
  if (newest.outcome !== 'ok')
    return contrary(`The newest of ${verified.length} verifications found a fault.`, [newest], { records: size });
  const text = `Verifications of the log: ${verified.length}; the newest found all of ${size} records as they were recorded.`;
  return shown(text, verified, { verifications: verified.length, records: size });
};

/** How the newest change of each anchor and witness left it. */
const logWitnessed: Fact = async (look) => {
  const changes = await look.records('audit.place');
  const newest = new Map([...changes].reverse().map((one) => [`${one.data?.kind} ${one.data?.name}`, one]));
  const now = [...newest.values()];
  if (now.length === 0) return gap('No anchor and no witness outside has told of the log in this span.');
  const bad = now.filter(({ data }) => data?.state === 'failing' || data?.state === 'ahead');
  const figures = { places: now.length, working: now.length - bad.length };
  const text = `Anchors and witnesses outside that see the log: ${figures.working} of ${figures.places}.`;
  return bad.length === 0 ? shown(text, now, figures) : contrary(text, bad, figures);
};

const backupsMade: Fact = async (look) => {
  const ended = await look.records('backup.ended');
  const newest = ended[0];
  if (!newest) return gap('No backup is on record: portreeve backup.');
  const made = ended.filter(({ outcome, data }) => outcome === 'made' || data?.state === 'made');
  const figures = { backups: ended.length, made: made.length };
  if (newest.data?.state === 'failed') return contrary('The newest backup failed.', [newest], figures);
  return made.length === 0
    ? gap('No backup that was made can be read from the record.')
    : shown(
        `Backups that were made, with the tree of each log in them: ${figures.made} of ${figures.backups}.`,
        made,
        figures,
      );
};

export const RECORD_FACTS = {
  'log-verified': logVerified,
  'log-witnessed': logWitnessed,
  'backups-made': backupsMade,
  'restored-openly': seen('audit.restored', {
    what: 'times the database was put back to a backup, and every log says so',
    none: 'No restore is on record.',
  }),
  'readings-recorded': seen(['audit.read', 'api.read'], {
    what: 'readings of the record or of the house are on record',
    none: 'No reading is on record.',
  }),
  'keys-managed': seen(['key.created', 'audit.root_rotated', 'audit.keys_rewrapped', 'secret.changed'], {
    what: 'keys or secrets were made, rotated or wrapped anew',
    none: 'No key or secret that was made or rotated is on record.',
  }),
  'data-erased': seen('audit.erased', {
    what: 'erasures of data by key, at somebody’s wish or by retention',
    none: 'No erasure is on record.',
  }),
  'holds-set': seen(['audit.hold_set', 'audit.hold_lifted'], {
    what: 'legal holds were set or lifted',
    none: 'No legal hold is on record.',
  }),
  'marks-revealed': seen(['audit.reveal_decided', 'audit.revealed'], {
    what: 'times it was decided on showing what stands behind a mark of the record',
    none: 'Nothing behind a mark of the record was shown, or asked for and decided on.',
  }),
} as const satisfies Record<string, Fact>;
