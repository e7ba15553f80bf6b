import type { AuditLogs } from '@portreeve/audit';
import { draft, type ProjectConfig, SYSTEM_ACTOR } from '@portreeve/contract';
import type { PolicyEngine } from '@portreeve/policy';
import type { Keys } from './config/keys.ts';
import type { ProjectWorkflow } from './config/project.ts';
import { recordConfig, serverInForce } from './record-config.ts';
import type { Services } from './services.ts';

/** Puts on record what runs from now on: keys that were made, the policy, the releases, and the start itself. */
export async function recordStart(started: {
  readonly audit: AuditLogs;
  /** Keys that were made just now. */
  readonly created: Keys['created'];
  readonly policy: PolicyEngine;
  readonly workflows: readonly ProjectWorkflow[];
  readonly info: Services['info'];
  readonly config: ProjectConfig;
  /** The newest migration of the database. */
  readonly schema: string;
}): Promise<void> {
  const { audit, created, policy, workflows, info, config, schema } = started;
  await audit.record([
    ...created.map((data) => draft({ type: 'key.created', actor: SYSTEM_ACTOR, data, key: `key:${data.public_key}` })),
    draft({
      type: 'policy.loaded',
      actor: SYSTEM_ACTOR,
      refs: { policy_version: policy.version },
      data: { policy_version: policy.version, rules: policy.rules.map((rule) => rule.id) },
      key: `policy:${policy.version}`,
    }),
    ...workflows.map(({ definition, release, manifest }) =>
      draft({
        type: 'release.loaded',
        actor: SYSTEM_ACTOR,
        refs: { workflow: definition.contract.name, release },
        data: {
          workflow: definition.contract.name,
          release,
          files: manifest.files.map(({ path, digest }) => ({ path, digest })),
        },
        key: `release:${release}`,
      }),
    ),
    draft({
      type: 'system.started',
      actor: SYSTEM_ACTOR,
      refs: { policy_version: policy.version },
      data: {
        version: info.version,
        environment: info.environment,
        policy_version: policy.version,
        workflows: workflows.map((each) => each.definition.contract.name),
        endpoints: info.endpoints.map(({ name, model, where, clearance, simulated }) => ({
          ...{ name, model, where, clearance, simulated },
        })),
      },
    }),
  ]);
  const database = { schema, roles: info.database_roles };
  await recordConfig(audit, serverInForce({ config, workflows, policy_version: policy.version, database }));
}
