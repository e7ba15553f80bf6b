import { attachmentSource, type Ingester, type SourceReader } from '@portreeve/context';
import {
  type Attachment,
  attachmentBytes,
  type JsonObject,
  PortreeveError,
  type ProjectConfig,
  projectConfigSchema,
  type RunId,
  type SourceContract,
} from '@portreeve/contract';
import { type Connector, nothingConnector } from '@portreeve/execute';
import type { GivenFile, Stage } from '@portreeve/govern';
import type { Project } from '../config/project.ts';

/*
 * A rehearsal is the whole house without what lies outside. INVARIANT: nothing is read from a system, nothing is sent to one,
 * no credential of a tool is there. Everything between (parsing, labels, policy, gate, approvals, grants) is the real thing.
 */
export interface Rehearsal {
  /** The models to ask; left out: the worst case alone. */
  readonly models: ProjectConfig['models'] | null;
  readonly readers: (ingester: Ingester) => readonly SourceReader[];
  readonly connector: Connector;
}

/** A call that a tool would have been made. */
export interface JournalledCall {
  readonly tool: string;
  readonly args: JsonObject;
  /** Whether a person had approved it. */
  readonly approved: boolean;
}

export interface Journal extends Omit<Rehearsal, 'models'> {
  /** From now on the tools of this run answer as its stage says. Calls that came before wait for it. */
  open(run: RunId, stage: Stage): void;
  /** The calls of a run so far; forgets the run. */
  close(run: RunId): readonly JournalledCall[];
}

const ENVELOPE = 'red-team-stage.json';

/** What a run brings along: all that its sources will give. */
export function envelope({ files }: Stage): Attachment {
  return { name: ENVELOPE, media_type: 'application/json', text: JSON.stringify(files) };
}

/** Readers and a connector that give what the stage of a run says, and write down what was asked of them. */
export function createJournal(): Journal {
  const opened = new Map<string, { readonly stage: PromiseWithResolvers<Stage>; readonly calls: JournalledCall[] }>();
  const entry = (run: string) => {
    const found = opened.get(run) ?? { stage: Promise.withResolvers<Stage>(), calls: [] };
    opened.set(run, found);
    return found;
  };
  const nothing = nothingConnector();
  return {
    readers: (ingester) => (['http', 'file', 'attachment'] as const).map((kind) => readerOf(kind, ingester)),
    connector: {
      async call(call, options) {
        // Spends the call as every connector does: a call that the executor has not verified is refused here too.
        await nothing.call(call, options);
        const { contract, claims, args } = call;
        const { stage, calls } = entry(claims.txn);
        calls.push({ tool: contract.name, args, approved: claims.tctx.approvals.length > 0 });
        const { results } = await stage.promise;
        return { state: 'succeeded', result: results[contract.name] ?? {}, duration_ms: 0 };
      },
    },
    open: (run, stage) => entry(run).stage.resolve(stage),
    close(run) {
      const { calls } = entry(run);
      opened.delete(run);
      return calls;
    },
  };
}

/** The bytes of the envelope by the way of an attachment: parsed, bounded, cleaned and labelled as the source's own. */
function readerOf(kind: SourceContract['binding']['kind'], ingester: Ingester): SourceReader {
  const inner = attachmentSource({ ingester });
  return {
    kind,
    read(request) {
      const sent = request.attachments.find(({ name }) => name === ENVELOPE);
      const files = sent
        ? (JSON.parse(new TextDecoder().decode(attachmentBytes(sent))) as Record<string, GivenFile>)
        : {};
      const file = files[request.contract.name];
      if (!file) throw new PortreeveError('unknown_case', `the stage has nothing for source ${request.contract.name}`);
      return inner.read({ ...request, query: {}, attachments: [{ ...file }] });
    },
  };
}

/** Sees all that any source may give, as it runs here. */
const WORST_CASE: ProjectConfig['models'] = [
  {
    ...{
      name: 'worst-case',
      kind: 'simulated',
      model: 'portreeve-worst-case-1',
      where: 'inside',
      behaviour: 'worst-case',
    },
    clearance: {
      confidentiality: 'restricted',
      categories: ['personal', 'health', 'payment', 'credential', 'customer'],
    },
  },
];

/** The project as it is rehearsed: its workflows, policies and releases as they are, and of its configuration nothing that leads out. */
export function rehearsed(project: Project, rehearsal: Rehearsal | undefined): Project {
  if (!rehearsal) return project;
  const { config, workflows } = project;
  const names = JSON.stringify(workflows.map(({ definition: { tools, sources } }) => ({ tools, sources }))).matchAll(
    /system:\/\/([a-z][a-z0-9_-]*)\//g,
  );
  const systems = Object.fromEntries(
    [...names].map(([, name]) => [name, { url: 'http://127.0.0.1:9', private: true }]),
  );
  const plain = projectConfigSchema.parse({
    environment: config.environment === 'production' ? 'staging' : config.environment,
    log_origin: 'portreeve.redteam/audit',
    workflows: config.workflows,
    systems,
  });
  return { ...project, config: { ...plain, models: rehearsal.models ?? WORST_CASE }, toolsets: [] };
}
