import type { Decision, EnvironmentFacts, RiskTier, Role, ToolContract } from '@portreeve/contract';
import type { PolicyEngine } from './engine.ts';
import { internalsOf } from './internals.ts';
import { plainUse } from './probe-requests.ts';

/**
 * What policy says of each tool for each role, environment and workflow tier, as a text to keep and review: a line for
 * each tool, environment and tier, a column for each role, in the order given, tools by name. The request is the plainest
 * use of the tool by a person, with nothing untrusted and no approval; `approve:2` names the quorum.
 */
export function matrix(
  engine: PolicyEngine,
  tools: readonly ToolContract[],
  roles: readonly Role[],
  environments: readonly EnvironmentFacts['name'][],
  tiers: readonly RiskTier[],
): string {
  const { shapes } = internalsOf(engine);
  const head = ['tool', 'tool tier', 'environment', 'workflow tier', ...roles];
  const rows = tools
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((tool) =>
      environments.flatMap((environment) =>
        tiers.map((tier) => [
          tool.name,
          String(tool.tier),
          environment,
          tier,
          ...roles.map((role) =>
            cell(engine.decide(plainUse(tool, { role, tier, environment, history: shapes.get(tool.name)?.unused }))),
          ),
        ]),
      ),
    );
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((text, column) => text.padEnd(widths[column]!))
      .join('  ')
      .trimEnd();
  return [
    '# What policy says of each tool, by role, environment and tier. Generated: review every change of it.',
    `# policy ${engine.version}`,
    line(head),
    ...rows.map(line),
    '',
  ].join('\n');
}

function cell({ outcome, remedies, layers }: Decision): string {
  if (layers.some(({ effect }) => effect === 'error')) return 'error';
  if (outcome !== 'approve') return outcome;
  const quorum = Math.max(...remedies.map((remedy) => (remedy.kind === 'approval' ? remedy.quorum : 0)));
  return `approve:${quorum}`;
}
