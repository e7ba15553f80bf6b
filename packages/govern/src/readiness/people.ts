import type { ProjectConfig } from '@portreeve/contract';
import { exceptionFaults, readSections } from '../acceptable-use/read-sections.ts';
import {
  type Finding,
  fail,
  few,
  isPlaceholder,
  notApplicable,
  pass,
  type ReadinessInput,
  WORKFLOW_FILE,
} from './item.ts';

/** A5: real people answer for it. */
export function owners({ contract }: ReadinessInput): Finding {
  const bad = Object.entries(contract.owners).filter(([role, who]) => isPlaceholder(who) || who.toLowerCase() === role);
  const [first] = bad;
  if (first)
    return fail(
      `nobody is named: ${bad.map(([role, who]) => `${role} is “${who}”`).join(', ')}`,
      WORKFLOW_FILE,
      `owners: { ${first[0]}: 'an address that somebody reads' }`,
    );
  return pass(
    Object.entries(contract.owners)
      .map(([role, who]) => `${role}: ${who}`)
      .join(', '),
  );
}

/** How many approvals the strictest of its actions needs, in this environment. */
function quorum({ contract, outcomes, environment }: ReadinessInput): number {
  const asked = outcomes
    .filter((each) => each.environment === environment && each.role === 'requester')
    .map(({ outcome }) => Number(/^approve:(\d+)/.exec(outcome)?.[1] ?? 0));
  return Math.max(0, contract.tier === 'critical' ? 2 : 0, ...asked);
}

const byClaims = ({ oidc }: ProjectConfig['identity'], group: string): boolean =>
  oidc.some(({ role_rules }) => role_rules.some(({ groups }) => groups.includes(group)));

/** F4: enough people may approve. */
export function approvers(input: ReadinessInput): Finding {
  const { contract, config, tools } = input;
  const needed = quorum(input);
  if (tools.length === 0 || needed === 0) return notApplicable('no action of it waits for an approval by itself');
  const named = contract.approvers.find(isPlaceholder);
  if (named !== undefined)
    return fail(`“${named}” names no group`, WORKFLOW_FILE, "approvers: ['the group whose members approve']");
  const groups = contract.approvers.join(', ');
  if (input.approvers === null)
    return pass(`${needed} of ${groups}; whether there are as many people, a running server counts`);
  if (contract.approvers.some((group) => byClaims(config.identity, group)))
    return pass(`${needed} of ${groups}, whose members the identity provider names`);
  // Who asks never approves, so one more than the quorum is not needed: the requester counts for nobody.
  const people = Math.max(0, ...contract.approvers.map((group) => input.approvers?.[group] ?? 0));
  if (people >= needed) return pass(`${needed} of ${groups}: ${people} may`);
  return fail(
    `an action of it needs ${needed} of ${groups}, and ${people} may approve`,
    null,
    `Make ${needed - people} more accounts with the role approver in the group ${contract.approvers[0]} (POST /v1/accounts), or let role_rules of the identity provider give that group.`,
  );
}

/** A5: what it may be used for is written for its users. */
export function acceptableUse({ acceptable_use, now }: ReadinessInput): Finding {
  const file = 'ACCEPTABLE_USE.md';
  if (acceptable_use === null)
    return fail(
      'there is none',
      file,
      'The headings `## Approved`, `## Not approved`, `## Exceptions` and `## Report`, each with what holds here.',
    );
  const sections = readSections(acceptable_use);
  const headings = { approved: 'Approved', prohibited: 'Not approved', exceptions: 'Exceptions', report: 'Report' };
  const missing = Object.entries(headings).filter(
    ([anchor]) => !sections[anchor as keyof typeof headings]?.some((line) => !isPlaceholder(line)),
  );
  const [first] = missing;
  if (first)
    return fail(
      `nothing is said of: ${missing.map(([, heading]) => heading).join(', ')}`,
      file,
      `## ${first[1]}, and what holds here (of exceptions: each with its end as 2027-01-31, or “None.”)`,
    );
  const faults = exceptionFaults(sections.exceptions ?? [], now.toISOString().slice(0, 10));
  if (faults.length > 0)
    return fail(few(faults), file, 'Give each exception an end date such as 2027-01-31, and take out what has ended.');
  return pass('approved and prohibited tasks, exceptions, where to report');
}

/** H5: somebody has looked at the law. */
export function regulation({ contract }: ReadinessInput): Finding {
  const rows = contract.regulation ?? [];
  const write = "regulation: [{ framework: 'EU AI Act (Regulation 2024/1689)', article: 'Article 14', met: 'how' }]";
  if (rows.length === 0) return fail('nobody has said which rules apply, and how they are met', WORKFLOW_FILE, write);
  const [hollow] = rows.filter(({ met, not_applicable }) => isPlaceholder(met ?? not_applicable ?? ''));
  if (hollow) return fail(`${hollow.framework}, ${hollow.article}: nothing is said`, WORKFLOW_FILE, write);
  const met = rows.filter((row) => row.met !== undefined).length;
  return pass(`${rows.length} rows: ${met} met, ${rows.length - met} not applicable`);
}
