import { draft, PortreeveError, type ProjectConfig, SYSTEM_ACTOR } from '@portreeve/contract';
import { currencyOf } from '../admission.ts';
import { loadKeys, redactionMark } from '../config/keys.ts';
import { configuredEndpoints } from '../config/model.ts';
import { recordSecretChanges } from '../config/secret-changes.ts';
import { allowsLocalAccounts } from '../config/who-signs-in.ts';
import { every } from '../every.ts';
import { keepRecord } from '../keep-record.ts';
import { toolsetOf } from '../mcp/toolsets.ts';
import { type HouseOptions, hearOthers, openHouse, shownEndpoints } from '../open-house.ts';
import { recordStart } from '../record-start.ts';
import { EXECUTED_CHANNEL } from '../store/dispatches.ts';
import { listen } from '../store/listen.ts';
import { timersOfEach, timersOfGatekeeper } from '../timers.ts';
import { VERSION } from '../version.ts';
import { wireGate } from '../wire-gate.ts';
import { sealingOf } from '../wire-keys.ts';
import { wireShared } from '../wire-shared.ts';
import { answerApi } from './answer-api.ts';
import { inSteps } from './in-steps.ts';
import { startAnswering } from './start-runs.ts';

export interface GatekeeperProcessOptions extends Omit<HouseOptions, 'rehearsal'> {
  readonly databaseUrl: string;
  /** Seconds without a renewal after which another gatekeeper takes over what runs have asked of this one. */
  readonly leaseSeconds?: number;
  /** Named instants where a crash test stops the process. */
  readonly debugpoint?: (name: string) => void;
}

export interface GatekeeperProcess {
  /** Its name, as leases know it. */
  readonly instance: string;
  readonly environment: ProjectConfig['environment'];
  /** Answers what it has taken, then ends everything in order. */
  stop(reason: string): Promise<void>;
}

/**
 * The process that decides, and nothing else (design, section 7; requirement J2): the one gate, the keys that sign grants
 * and the record, and what goes on by time. Nobody can call it: what it answers are rows that apis and reasoners add.
 */
export function startGatekeeper(options: GatekeeperProcessOptions): Promise<GatekeeperProcess> {
  return inSteps(async (undo, unwind) => {
    const house = await openHouse(
      options,
      {
        role: 'gatekeeper',
        check: ({ executors }) => {
          if (Object.keys(executors).length === 0)
            throw new PortreeveError('misconfigured', 'No executor is configured, and a gatekeeper makes no call.', {
              next: "Add what `portreeve keys executor` prints on the executor to portreeve.config.ts: executors: { main: { jkt: '…' } }",
            });
        },
        loadKeys: (folder) => loadKeys(folder, 'apart'),
      },
      undo,
    );
    const { config, database, databaseUrl, instance, keys, log, policy, project, spans, state, systems } = house;
    const debugpoint = options.debugpoint ?? (() => undefined);
    const shared = await wireShared({
      ...{ ...house, record: { keys }, sealing: sealingOf(house), lets_in: false, stateFolder: state.path },
    });
    const kept = await wireGate(shared, { keys, models: null, rehearsal: undefined, executor: instance, debugpoint });
    const { audit, egress, environment, leases, register, runs, sealing, signIn } = shared;
    const { execution, faces, publisher, streams } = kept;
    undo.push(() => egress.close());
    spans.open({ systems, egress, secrets: house.secrets });
    undo.push(() => spans.close());
    undo.push(() => kept.closePlaces());
    undo.push(() => streams.close());
    undo.push(() => signIn.close());
    const record = await keepRecord(house, shared, kept);
    await hearOthers(house, shared, undo);
    const executed = listen(databaseUrl, {
      ...{ channel: EXECUTED_CHANNEL, name: 'portreeve-gatekeeper' },
      heard: execution.heard,
    });
    undo.push(() => executed.stop());
    await record.signFirst();
    const info = {
      ...{ version: VERSION, environment: config.environment, database_roles: true, executor: 'apart' as const },
      local_accounts: allowsLocalAccounts(config),
      active_releases: register.active,
      currency: currencyOf(config),
      endpoints: shownEndpoints(configuredEndpoints(config)),
    };
    const { workflows } = project;
    await recordStart({ audit, created: keys.created, policy, workflows, info, config, schema: house.schema.schema });
    await register.running.refresh();
    const recordSecrets = () => recordSecretChanges({ stateFolder: state.path, uow: database, audit });
    await recordSecrets();

    const tools = new Map(
      project.toolsets.flatMap(({ config: declared, tools: contracts }) => {
        const toolset = toolsetOf(declared, contracts);
        return contracts.map((contract) => [contract.name, { contract, toolset }] as const);
      }),
    );
    const answering = await startAnswering({
      ...{ database, databaseUrl, instance, leases, log, leaseSeconds: options.leaseSeconds, prepared: true },
      ...{ audit, runs, sealing, releases: register.running, unwindings: kept.unwindings, gate: kept.runGate },
      api: (asks) =>
        answerApi({
          ...{ asks, faces, log, instance },
          toolNamed: (name) => tools.get(name) ?? null,
          async hello() {
            return {
              ...{ environment: config.environment, redaction: redactionMark(keys.redaction) },
              logs: audit.all.map(({ log: { origin, vkey, cosigner_vkey } }) => ({ origin, vkey, cosigner_vkey })),
            };
          },
          async signHead(origin) {
            const found = audit.all.find((each) => each.log.origin === origin);
            if (!found) throw new PortreeveError('not_found', `There is no log ${origin}.`);
            await found.log.checkpoint();
          },
        }),
    });
    undo.push(() => answering.stop());
    house.opens(answering.queue);
    await answering.begin();
    const { traces } = config.telemetry;
    const timers = [
      ...timersOfEach({ environment, releases: register.running, recordSecrets }),
      ...timersOfGatekeeper(shared, kept),
      ...(traces ? [[traces.every_s * 1000, () => spans.push()] as const] : []),
    ].map(([ms, task]) => every(ms, task, log));
    undo.push(async () => {
      await Promise.all(timers.map((stop) => stop()));
    });
    let stopping: Promise<void> | null = null;
    const stop = async (reason: string): Promise<void> => {
      await audit
        .record([draft({ type: 'system.stopped', actor: SYSTEM_ACTOR, data: { reason } })])
        .then(() => audit.checkpoint())
        .then(() => publisher.publish())
        .catch((error: unknown) => log('error', 'the stop could not be recorded', error));
      await unwind();
    };
    return {
      ...{ instance, environment: config.environment },
      stop: (reason) => {
        stopping ??= stop(reason);
        return stopping;
      },
    };
  });
}
