import { type Decision, type EnvironmentFacts, RISK_TIERS, type RiskTier, ROLES, type Role } from '@portreeve/contract';
import type { PolicyEngine } from './engine.ts';
import { internalsOf } from './internals.ts';
import type { DeclaredWorkflow } from './loosening.ts';
import { plainUse } from './probe-requests.ts';

type EnvironmentName = EnvironmentFacts['name'];
const ENVIRONMENTS: readonly EnvironmentName[] = ['development', 'test', 'staging', 'production'];

/**
 * What policy says of each tool of each workflow, for each role, environment and workflow tier: the outcome (`approve:2`
 * names the quorum) and the codes of the rules that decide, as a text to keep and review. Roles and environments that get
 * the same stand together. The request is the plainest use of the tool by a person with that role, with nothing untrusted
 * and no approval.
 */
export function matrix(
  engine: PolicyEngine,
  workflows: readonly DeclaredWorkflow[],
  {
    roles = ROLES,
    environments = ENVIRONMENTS,
    tiers = RISK_TIERS,
  }: { roles?: readonly Role[]; environments?: readonly EnvironmentName[]; tiers?: readonly RiskTier[] } = {},
): string {
  const parts = workflows
    .toSorted((a, b) => compare(a.contract.name, b.contract.name))
    .flatMap(({ contract, tools }) =>
      tools
        .toSorted((a, b) => compare(a.name, b.name))
        .map((tool) => {
          const undo = tool.undo === 'irreversible' ? 'irreversible' : 'reversible';
          const rows = tiers.flatMap((tier) => {
            const cellOf = (role: Role, environment: EnvironmentName) =>
              cell(engine.decide(askFor(engine, contract, tool, { role, environment, tier })));
            return groups(roles, environments, cellOf).map((group) => [
              tier === contract.tier ? `${tier} *` : tier,
              group.environments.length === environments.length ? 'all' : group.environments.join(' '),
              group.roles.join(' '),
              ...group.cell,
            ]);
          });
          return [
            `${contract.name} / ${tool.name} ${tool.version}: action tier ${tool.tier}, ${tool.effect}, ${undo}`,
            ...columns([['workflow tier', 'environment', 'role', 'outcome', 'decided by'], ...rows]),
            '',
          ].join('\n');
        }),
    );
  return [
    '# What policy says of each tool, by workflow tier (`*`: its own), environment and role, and by which rules’ codes.',
    '# Asked is the plainest use by a person who acts for themselves: nothing untrusted, no approval.',
    '# Generated: portreeve policy matrix --write. Review every change of it.',
    '',
    ...parts,
  ].join('\n');
}

export interface PlainOutcome {
  readonly tool: string;
  readonly role: Role;
  readonly environment: EnvironmentName;
  /** As in {@link matrix}: `approve:2` names the quorum. */
  readonly outcome: string;
}

/** What policy says of each tool of a workflow at its own tier, for each role and environment. The request is that of {@link matrix}. */
export function plainOutcomes(engine: PolicyEngine, { contract, tools }: DeclaredWorkflow): PlainOutcome[] {
  return tools.flatMap((tool) =>
    ROLES.flatMap((role) =>
      ENVIRONMENTS.map((environment) => {
        const decision = engine.decide(askFor(engine, contract, tool, { role, environment, tier: contract.tier }));
        return { tool: tool.name, role, environment, outcome: cell(decision)[0] };
      }),
    ),
  );
}

/** The plainest use of a tool. */
function askFor(
  engine: PolicyEngine,
  contract: DeclaredWorkflow['contract'],
  tool: DeclaredWorkflow['tools'][number],
  by: { readonly role: Role; readonly environment: EnvironmentName; readonly tier: RiskTier },
) {
  return plainUse(tool, {
    ...{ ...by, workflow: contract.name, tools: contract.scope.tools, approvers: contract.approvers },
    history: internalsOf(engine).shapes.get(tool.name)?.unused,
  });
}

type Cell = readonly [outcome: string, codes: string];

interface Group {
  readonly roles: readonly Role[];
  readonly environments: readonly EnvironmentName[];
  readonly cell: Cell;
}

/** Roles with the same answers in every environment, and for these the environments with the same answer. */
function groups(
  roles: readonly Role[],
  environments: readonly EnvironmentName[],
  cellOf: (role: Role, environment: EnvironmentName) => Cell,
): Group[] {
  const cellsByRole = roles.map((role) => ({ role, cells: environments.map((name) => cellOf(role, name)) }));
  return [...Map.groupBy(cellsByRole, ({ cells }) => JSON.stringify(cells)).values()].flatMap((same) => {
    const cells = same[0]!.cells;
    const byCell = Map.groupBy(environments.keys(), (index) => JSON.stringify(cells[index]));
    return [...byCell.values()].map((indexes) => ({
      roles: same.map(({ role }) => role),
      environments: indexes.map((index) => environments[index]!),
      cell: cells[indexes[0]!]!,
    }));
  });
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => `  ${row.map((text, column) => text.padEnd(widths[column]!)).join('  ')}`.trimEnd());
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function cell({ outcome, remedies, layers, reasons }: Decision): Cell {
  const codes = [...new Set(reasons.map(({ layer, code }) => `${layer}/${code}`))].join(' ');
  if (layers.some(({ effect }) => effect === 'error')) return ['error', codes];
  if (outcome !== 'approve') return [outcome, codes];
  const voices = remedies.reduce((sum, remedy) => sum + (remedy.kind === 'approval' ? remedy.quorum : 0), 0);
  const asks = [
    ...(voices > 0 ? [`approve:${voices}`] : []),
    ...(remedies.some(({ kind }) => kind === 'confirm') ? ['confirm'] : []),
  ];
  return [asks.join('+'), codes];
}
