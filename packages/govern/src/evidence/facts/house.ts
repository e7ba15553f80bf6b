import { each, type Fact, seen } from '../found.ts';

/** Whether every release that runs now is on record with the digest of each of its files. */
const releasesOnRecord: Fact = async (look) => {
  const loaded = await look.records('release.loaded');
  const running = new Set(look.releasesByWorkflow.values());
  const current = loaded.filter(({ refs }) => refs.release !== undefined && running.has(refs.release));
  return each(current, ({ data }) => data === null || data.files.length > 0, {
    what: 'releases that run now and were loaded in this span',
    holds: 'are on record with the digest of each of their files',
    none: 'No release that runs now was loaded for the first time in this span: choose a longer one.',
  });
};

export const HOUSE_FACTS = {
  'releases-on-record': releasesOnRecord,
  'policy-loaded': seen('policy.loaded', {
    what: 'versions of the policy were loaded, each with the names of its rules',
    none: 'No policy was loaded for the first time in this span: choose a longer one.',
  }),
  'changes-recorded': seen('config.changed', {
    what: 'changes of configuration, contracts or policy are on record, part by part, by digest',
    none: 'No change of configuration is on record.',
  }),
  'starts-recorded': seen('system.started', {
    what: 'starts are on record with version, policy, workflows and model endpoints',
    none: 'No start is on record.',
  }),
  'definitions-decided': seen(['mcp.definition_decided', 'mcp.definition_withheld'], {
    what: 'definitions of tools from outside were withheld, or decided on by a person',
    none: 'No definition of a tool from outside is on record.',
  }),
  'stopped-by-people': seen(
    'environment.changed',
    { what: 'times somebody froze something or lifted it again', none: 'No freeze is on record.' },
    ({ data }) => data?.subject.startsWith('freeze:') ?? false,
  ),
  'incidents-declared': seen(
    'environment.changed',
    { what: 'times incident mode was turned on or off', none: 'No incident was declared on record.' },
    ({ data }) => data?.subject === 'incident',
  ),
  'outages-seen': seen(
    'environment.changed',
    { what: 'outages of model endpoints began or ended', none: 'No outage of a model endpoint is on record.' },
    ({ data }) => data?.subject.startsWith('outage:') ?? false,
  ),
  'people-told': seen('notification.sent', {
    what: 'messages told people that they are needed',
    none: 'No message to people is on record.',
  }),
  'executors-apart': seen('executor.started', {
    what: 'starts of executors that run apart, each with a key of its own',
    none: 'No executor that runs apart is on record.',
  }),
  'credentials-minted': seen('credential.lease', {
    what: 'short-lived credentials were minted, and it is on record what became of them',
    none: 'No credential that was minted for a call is on record beyond its call.',
  }),
  'asked-by-others': seen('authzen.evaluated', {
    what: 'questions of other systems to this policy are on record with what they were told',
    none: 'No question of another system to this policy is on record.',
  }),
} as const satisfies Record<string, Fact>;
