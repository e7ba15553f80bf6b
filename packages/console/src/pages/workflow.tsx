import { useLocation, useParams } from '@tanstack/react-router';
import { type ReactNode, useEffect } from 'react';
import { useMay } from '../api/session.ts';
import { Link } from '../app/link.tsx';
import { Badge } from '../ui/badge.tsx';
import { Facts, Page, Panel } from '../ui/page.tsx';
import { Empty, Failure, Loading } from '../ui/states.tsx';
import { Id, Json, Text } from '../ui/text.tsx';
import { DriftPanel } from './drift-panel.tsx';
import { tierBadge, useWorkflows, type Workflow } from './workflows.tsx';

export function WorkflowPage(): ReactNode {
  const { name } = useParams({ strict: false }) as { name: string };
  const { data, error, isPending, refetch } = useWorkflows();
  const may = useMay();
  const workflow = data?.workflows.find((each) => each.name === name);
  return (
    <Page
      title={workflow?.title ?? 'Workflow'}
      needs="workflows.list"
      lead={workflow ? <Text>{workflow.purpose}</Text> : null}
      actions={
        may('runs.read') ? (
          <Link to="/runs" search={{ workflow: name }} className="button">
            Its runs
          </Link>
        ) : null
      }
    >
      {isPending ? <Loading what="the workflow" /> : null}
      {error ? <Failure error={error} retry={() => void refetch()} /> : null}
      {data && !workflow ? (
        <Empty title="There is no such workflow">It may have been taken out of the configuration.</Empty>
      ) : null}
      {workflow ? <Shown workflow={workflow} /> : null}
    </Page>
  );
}

function Shown({ workflow }: { readonly workflow: Workflow }): ReactNode {
  const may = useMay();
  return (
    <div className="split">
      <div className="stack">
        <Panel title="Acceptable use">
          {workflow.acceptable_use === null ? (
            <p className="note warn">Its owners have written none: add ACCEPTABLE_USE.md to the workflow’s folder.</p>
          ) : null}
          <AcceptableUse sections={workflow.acceptable_use_page} />
        </Panel>
        <Panel title="What it may touch">
          <div className="stack">
            <p className="soft">What does not stand here is refused at run time.</p>
            <Scope title="Tools" names={workflow.scope.tools} to="/tools" />
            <Scope title="Sources" names={workflow.scope.sources} to="/tools" />
            <Scope title="Prompts" names={workflow.scope.prompts} />
          </div>
        </Panel>
        {may('metrics.read') ? <DriftPanel workflow={workflow.name} /> : null}
        <Panel title="Input">
          <Json value={workflow.input} />
        </Panel>
      </div>
      <div className="stack">
        <Panel title="Who answers for it">
          <Facts
            rows={[
              ['Security', <Text key="s">{workflow.owners.security}</Text>],
              ['Platform', <Text key="p">{workflow.owners.platform}</Text>],
              ['Business', <Text key="b">{workflow.owners.business}</Text>],
              ['Escalation', <Text key="e">{workflow.owners.escalation}</Text>],
            ]}
          />
        </Panel>
        <Panel title="Facts">
          <Facts
            rows={[
              ['Risk', tierBadge(workflow.tier)],
              ['Version', workflow.version],
              ['Approved by', <Text key="a">{workflow.approvers.join(', ')}</Text>],
              ['Denied by itself', `after ${workflow.approval_timeout_minutes} minutes`],
              ['Release', <Id key="r">{workflow.release}</Id>],
            ]}
          />
        </Panel>
      </div>
    </div>
  );
}

function Scope({
  title,
  names,
  to,
}: {
  readonly title: string;
  readonly names: readonly string[];
  readonly to?: string;
}): ReactNode {
  return (
    <div className="cluster">
      <h3>{title}</h3>
      {names.length === 0 ? <span className="soft">none</span> : null}
      {names.map((name) =>
        to ? (
          <Link key={name} to={to} search={{ q: name }}>
            <Badge tone="accent">{name}</Badge>
          </Link>
        ) : (
          <Badge key={name}>{name}</Badge>
        ),
      )}
    </div>
  );
}

/**
 * What its users are told, paragraph by paragraph; a refusal links to one of them. The lines are text: nothing in them is
 * markup or a link.
 */
function AcceptableUse({ sections }: { readonly sections: Workflow['acceptable_use_page'] }): ReactNode {
  const { hash } = useLocation();
  useEffect(() => {
    // The paragraphs come with the data, so that the browser found none when it came.
    if (hash !== '') document.getElementById(hash)?.focus();
  }, [hash]);
  return (
    <div className="stack-tight">
      {sections.map(({ anchor, title, lines }) => (
        <section key={anchor} id={anchor} tabIndex={-1} aria-labelledby={`${anchor}-title`}>
          <h3 id={`${anchor}-title`}>{title}</h3>
          {[...new Set(lines)].map((line) => (
            <p key={line}>
              <Text>{line.replaceAll('**', '')}</Text>
            </p>
          ))}
        </section>
      ))}
    </div>
  );
}
