import type { Principal, PrincipalId } from '@portreeve/contract';
import { allAgents } from '../evidence.ts';
import { type Asked, type Register, type Row, wholeRegister } from './register.ts';

const PAGE = 200;
const ACCOUNTS_MAX = 20_000;

/** Everybody who may ask and is no person: registered agents, and accounts of services. */
export const identities: Register = {
  title: 'Identities that are no people',
  columns: {
    key: 'Its id',
    name: 'What it is called',
    kind: '`agent` or `service`',
    owner: 'The person who answers for it',
    purpose: 'What it is for',
    environment: 'Where it may be used',
    roles: 'Its roles',
    groups: 'Its groups',
    tools: 'What it may use',
    data: 'The most secret data that it may see',
    state: '`proposed`, `active`, `suspended` or `retired`; of a service without a register always `active`',
    review_by: 'When it is reviewed at the latest; a service has no date of review',
    overdue: 'Whether that is over',
  },
  page: wholeRegister(async (asked) => [...(await agentRows(asked)), ...(await serviceRows(asked))]),
};

async function agentRows({ services }: Asked): Promise<Row[]> {
  const now = services.clock.now().getTime();
  return (await allAgents(services)).map((agent) => ({
    ...{ key: agent.id, name: agent.name, kind: 'agent', owner: agent.owner, purpose: agent.purpose },
    environment: agent.environment,
    ...{ roles: agent.roles.join(', '), groups: agent.groups.join(', '), tools: agent.tools.join(', ') },
    data: [agent.data.confidentiality, ...agent.data.categories].join(', '),
    ...{ state: agent.state, review_by: agent.review_by },
    overdue: agent.state !== 'retired' && Date.parse(agent.review_by) <= now,
  }));
}

async function serviceRows({ services }: Asked): Promise<Row[]> {
  const rows: Row[] = [];
  let after: PrincipalId | null = null;
  let page: Principal[];
  do {
    page = await services.identity.accounts({ limit: PAGE, after });
    for (const { id, name, kind, roles, groups } of page)
      if (kind === 'service')
        rows.push({
          ...{ key: id, name, kind, owner: null, purpose: null, environment: services.info.environment },
          ...{ roles: roles.join(', '), groups: groups.join(', '), tools: null, data: null },
          ...{ state: 'active', review_by: null, overdue: null },
        });
    after = page.at(-1)?.id ?? null;
  } while (page.length === PAGE && rows.length < ACCOUNTS_MAX);
  return rows;
}
