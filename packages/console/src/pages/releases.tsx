import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { type Answer, api, type Row } from '../api/client.ts';
import { useMay } from '../api/session.ts';
import { Link } from '../app/link.tsx';
import { useUrlState } from '../app/url-state.ts';
import { Badge, StateBadge } from '../ui/badge.tsx';
import { Page, Panel } from '../ui/page.tsx';
import { Select } from '../ui/select.tsx';
import { Empty } from '../ui/states.tsx';
import { Table } from '../ui/table.tsx';
import type { Column } from '../ui/table-model.ts';
import { Id, Text } from '../ui/text.tsx';
import { Time } from '../ui/time.tsx';
import { usePages } from '../ui/use-pages.ts';
import { DeskNote, RollBack } from './release-acts.tsx';
import { tierBadge, useWorkflowNames } from './workflows.tsx';

type Release = Row<'GET /v1/releases', 'releases'>;

const STATES: readonly Release['state'][] = ['added', 'testing', 'staging', 'pilot', 'production', 'retired', 'barred'];

const columns: readonly Column<Release>[] = [
  {
    id: 'release',
    title: 'Release',
    value: ({ release }) => release,
    cell: ({ release }) => (
      <Link to={`/releases/${release}`}>
        <Id>{release}</Id>
      </Link>
    ),
  },
  { id: 'workflow', title: 'Workflow', value: ({ workflow }) => workflow },
  { id: 'version', title: 'Version', value: ({ version }) => version },
  { id: 'state', title: 'State', value: ({ state }) => state, cell: ({ state }) => <StateBadge state={state} /> },
  { id: 'risk', title: 'Risk', value: ({ risk }) => risk, cell: ({ risk }) => tierBadge(risk) },
  { id: 'signed', title: 'Signed by', value: ({ signed_by }) => signed_by.join(', ') || null, cell: signed },
  {
    id: 'added',
    title: 'Added',
    value: ({ added_at }) => added_at,
    cell: ({ added_at }) => <Time at={added_at} />,
  },
  { id: 'by', title: 'Added by', value: ({ added_by }) => added_by, cell: ({ added_by }) => <Id>{added_by}</Id> },
];

export function signed({ signed_by, origin }: Pick<Release, 'signed_by' | 'origin'>): ReactNode {
  if (signed_by.length === 0)
    return <Badge tone="warn">{origin === 'folder' ? 'files of a folder' : 'not signed'}</Badge>;
  return signed_by.map((key) => <Id key={key}>{key}</Id>);
}

/** The register of releases: what is in production, what is on its way there, and what never starts again. */
export function Releases(): ReactNode {
  const may = useMay();
  const [url, setUrl] = useUrlState();
  // One of a workflow is in production: however old it is, it is on this page.
  const { data } = useQuery({
    queryKey: ['releases', 'production'],
    queryFn: ({ signal }) => api.call('GET /v1/releases', { query: { state: 'production', limit: 200 }, signal }),
    enabled: may('releases.read'),
    refetchInterval: 15_000,
  });
  const state = STATES.find((each) => each === url.state);
  const { workflow } = url;
  const pages = usePages(
    ['releases', 'register', workflow, state],
    async (after, signal) => {
      const query = {
        limit: 100,
        ...(workflow ? { workflow } : {}),
        ...(state ? { state } : {}),
        ...(after === undefined ? {} : { after: String(after) }),
      };
      const { releases, next } = await api.call('GET /v1/releases', { query, signal });
      return { rows: releases, next };
    },
    { enabled: may('releases.read'), every: 15_000 },
  );
  const workflows = useWorkflowNames(pages.rows?.map((each) => each.workflow));
  const filtered = workflow ?? state;
  return (
    <Page
      title="Releases"
      needs="releases.read"
      lead="What may run, by its digest: signed, tested, and let into production by the people who answer for it. A run keeps the release that it began with."
    >
      <div className="stack">
        {data ? <Production answer={data} /> : null}
        <Panel title="Register" bare>
          <Table
            name="releases"
            columns={columns}
            {...pages}
            rowKey={({ release }) => release}
            search={url}
            onSearch={setUrl}
            filters={
              <>
                <Select
                  label="Workflow"
                  value={workflow}
                  options={workflows}
                  onChange={(next) => setUrl({ workflow: next })}
                />
                <Select label="State" value={state} options={STATES} onChange={(next) => setUrl({ state: next })} />
              </>
            }
            empty={
              <Empty title={filtered ? 'No release is like this' : 'There is no release yet'}>
                {filtered ? 'Choose another workflow or state.' : 'portreeve release build, then portreeve release add'}
              </Empty>
            }
          />
        </Panel>
      </div>
    </Page>
  );
}

/** What new runs take now, by workflow, and the one way back that needs no approval. */
function Production({ answer: { active, releases } }: { readonly answer: Answer<'GET /v1/releases'> }): ReactNode {
  const may = useMay();
  const [back, setBack] = useState<Release | null>(null);
  const [asked, setAsked] = useState<Answer<'POST /v1/workflows/:name/rollbacks'> | null>(null);
  if (active === 'folder')
    return (
      <p className="note">
        This installation runs what the files of its project are, so that nothing is promoted into production here.
        `releases: {'{'} active: 'promoted' {'}'}` of its configuration changes that.
      </p>
    );
  if (releases.length === 0) return <p className="note warn">Nothing is in production: no run begins.</p>;
  return (
    <>
      <DeskNote asked={asked} />
      <div className="cards">
        {releases.map((release) => (
          <section key={release.release} className="panel" aria-label={`${release.workflow} in production`}>
            <header>
              <h2>
                <Text>{release.workflow}</Text>
              </h2>
              <StateBadge state="production" />
            </header>
            <div className="body stack-tight">
              <p>
                Version <Text>{release.version}</Text>,{' '}
                <Link to={`/releases/${release.release}`}>
                  <Id>{release.release}</Id>
                </Link>
              </p>
              {may('releases.move') ? (
                <div>
                  <button type="button" className="button danger" onClick={() => setBack(release)}>
                    Roll back
                  </button>
                </div>
              ) : null}
            </div>
          </section>
        ))}
      </div>
      {back ? <RollBack workflow={back.workflow} to={null} onAsked={setAsked} onClose={() => setBack(null)} /> : null}
    </>
  );
}
