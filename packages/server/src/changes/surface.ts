import { basename } from 'node:path';
import type { Json, ProjectConfig, WorkflowContract } from '@portreeve/contract';
import { type SurfacePart, touchedBy } from '@portreeve/govern';
import type { PolicyLayers } from '@portreeve/policy';
import { projectPolicies } from '../config/policies.ts';
import type { Project } from '../config/project.ts';

/**
 * What this server was started with and a change of which its owners decide on (requirement H2). Where new runs take what
 * is in production, tools, sources and model endpoints are those of releases, whose changes come with them.
 */
export function surfaceOf(
  project: Project,
  contracts: readonly WorkflowContract[],
  active: 'folder' | 'promoted',
): SurfacePart[] {
  const everybody = touchedBy(contracts);
  return [
    { part: 'policy', body: rulesOf(project), touched: everybody },
    { part: 'identity', body: rightsOf(project.config), touched: everybody },
    ...project.toolsets.flatMap(({ config, tools }) => {
      const touched = { workflows: [], owners: [...config.approvers].sort(), risk: config.risk };
      return named('tool', tools).map((each) => ({ ...each, touched }));
    }),
    ...(active === 'folder' ? inFolder(project, contracts) : []),
  ];
}

function inFolder({ config, workflows }: Project, contracts: readonly WorkflowContract[]): SurfacePart[] {
  const all = workflows.map(({ definition }) => definition);
  const using = (kind: 'tools' | 'sources', name: string) =>
    touchedBy(contracts.filter(({ scope }) => scope[kind].includes(name)));
  const routes = config.models.map(({ name, kind, model, where, clearance }) => ({
    ...{ name, kind, model, where, clearance },
  }));
  return [
    ...named('model', routes).map((each) => ({ ...each, touched: touchedBy(contracts) })),
    ...named(
      'tool',
      all.flatMap(({ tools }) => tools),
    ).map((each) => ({ ...each, touched: using('tools', each.name) })),
    ...named(
      'source',
      all.flatMap(({ sources }) => sources),
    ).map((each) => ({ ...each, touched: using('sources', each.name) })),
  ];
}

/** Several workflows may declare the same thing: it is one part. */
function named(kind: string, items: readonly { readonly name: string }[]) {
  const byName = new Map(items.map((item) => [item.name, item]));
  return [...byName].map(([name, item]) => ({ name, part: `${kind}.${name}`, body: plain(item) }));
}

/** All rules that the server judges by, each under a path that says nothing of this machine. */
function rulesOf(project: Project): Json {
  const { base, tightening } = projectPolicies(project);
  const files = (layers: PolicyLayers, folder: string) =>
    Object.values(layers)
      .flat()
      .map(({ file, text }) => ({ path: `${folder}${basename(file)}`, text }));
  return [...files(base, ''), ...tightening.flatMap(({ workflow, layers }) => files(layers, `${workflow}/`))].sort(
    (a, b) => (a.path < b.path ? -1 : 1),
  );
}

/** What gives somebody a role, a group or a right, and no address, key or time. */
function rightsOf({ identity: { local_accounts, oidc, workload } }: ProjectConfig): Json {
  return plain({
    local_accounts,
    oidc: Object.fromEntries(oidc.map(({ name, issuer, role_rules }) => [name, { issuer, role_rules }])),
    workload: { rules: workload.rules, trust_domains: workload.trust_domains },
  });
}

const plain = (value: unknown): Json => JSON.parse(JSON.stringify(value)) as Json;
