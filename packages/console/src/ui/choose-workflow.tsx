import type { ReactNode } from 'react';
import { useUrlState } from '../app/url-state.ts';
import { useWorkflows, type Workflow } from '../pages/workflows.tsx';
import { Select } from './select.tsx';

/** The workflow that a page is about, as its address says; without one, the first. */
export function useChosenWorkflow(): { readonly workflow: Workflow | undefined; readonly field: ReactNode } & Pick<
  ReturnType<typeof useWorkflows>,
  'error' | 'isPending' | 'refetch'
> {
  const [url, setUrl] = useUrlState();
  const { data, error, isPending, refetch } = useWorkflows();
  const names = data?.workflows.map(({ name }) => name) ?? [];
  const workflow = data?.workflows.find(({ name }) => name === url.workflow) ?? data?.workflows[0];
  return {
    ...{ workflow, error, isPending, refetch },
    field: (
      <Select
        label="Workflow"
        value={workflow?.name}
        any={null}
        options={names}
        onChange={(next) => setUrl({ workflow: next })}
      />
    ),
  };
}
