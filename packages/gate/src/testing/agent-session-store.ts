import type { AgentSessionStore, StoredAgentCall, StoredAgentSession } from '../outside/ports.ts';

/** Agent sessions in memory. Every value is a copy, as of a database. */
export function memoryAgentSessionStore(): AgentSessionStore & { snapshot(): () => void } {
  const sessions: { owner: string; ended: boolean; session: StoredAgentSession }[] = [];
  const calls: StoredAgentCall[] = [];
  const open = (owner: string) => sessions.find((each) => each.owner === owner && !each.ended);
  return {
    snapshot() {
      const before = structuredClone({ sessions, calls });
      return () => {
        sessions.splice(0, sessions.length, ...before.sessions);
        calls.splice(0, calls.length, ...before.calls);
      };
    },
    async find(owner) {
      const found = open(owner);
      return found ? structuredClone(found.session) : null;
    },
    async insert(_tx, owner, session) {
      if (open(owner)) return false;
      sessions.push({ owner, ended: false, session: structuredClone(session) });
      return true;
    },
    async save(_tx, { id, version, head, used_at }, read) {
      const row = sessions.find((each) => each.session.id === id && !each.ended);
      if (!row || row.session.version !== version) return false;
      const sources = [...row.session.sources.slice(0, read.from), ...structuredClone(read.sources)];
      row.session = { ...row.session, head: structuredClone(head), sources, used_at, version: version + 1 };
      return true;
    },
    async end(_tx, id) {
      const row = sessions.find((each) => each.session.id === id && !each.ended);
      if (!row) return false;
      row.ended = true;
      return true;
    },
    async waits(_tx, call) {
      const same = (each: StoredAgentCall) => each.owner === call.owner && each.key === call.key && !each.delivered;
      if (calls.some((each) => each.proposal === call.proposal || same(each))) return false;
      calls.push({ ...call, delivered: false });
      return true;
    },
    waiting: async (owner, key) =>
      calls.find((each) => each.owner === owner && each.key === key && !each.delivered) ?? null,
    call: async (owner, proposal) => calls.find((each) => each.owner === owner && each.proposal === proposal) ?? null,
    async deliver(_tx, proposal) {
      const index = calls.findIndex((each) => each.proposal === proposal && !each.delivered);
      if (index < 0) return false;
      calls[index] = { ...calls[index]!, delivered: true };
      return true;
    },
  };
}
