import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api } from '../api/client.ts';
import { Change } from '../ui/change.tsx';
import { Input, Select } from '../ui/select.tsx';
import { Text } from '../ui/text.tsx';

/** Everything, or one workflow, tool or, where people and agents can be a target, one of them. */
function useTarget(principals: boolean): { readonly target: string; readonly field: ReactNode } {
  const [kind, setKind] = useState<string | undefined>('workflow');
  const [name, setName] = useState('');
  const workflows = useQuery({
    queryKey: ['workflows'],
    queryFn: ({ signal }) => api.call('GET /v1/workflows', { signal }),
    staleTime: 60_000,
  });
  const known = workflows.data?.workflows ?? [];
  const names =
    kind === 'workflow' ? known.map((each) => each.name) : known.flatMap((each) => each.tools.map((t) => t.name));
  const target = kind === 'all' ? 'all' : name.trim() === '' ? '' : `${kind}:${name.trim()}`;
  return {
    target,
    field: (
      <>
        <Select
          label="What"
          value={kind}
          any={null}
          options={['workflow', 'tool', ...(principals ? ['principal'] : []), 'all']}
          onChange={(next) => {
            setKind(next);
            setName('');
          }}
        />
        {kind === 'workflow' || kind === 'tool' ? (
          <Select
            label="Which"
            value={name}
            any="choose"
            options={[...new Set(names)]}
            onChange={(next) => setName(next ?? '')}
          />
        ) : null}
        {kind === 'principal' ? (
          <Input label="Which, by its id" value={name} onChange={setName} hint="Such as prn_01…: see Identities" />
        ) : null}
      </>
    ),
  };
}

export function Freeze({ onClose }: { readonly onClose: () => void }): ReactNode {
  const { target, field } = useTarget(true);
  return (
    <Change
      title="Freeze"
      explained="New calls, grants that nobody has used and approvals stop at once. It holds until somebody thaws it."
      verb="Freeze now"
      ready={target !== ''}
      change={(reason) => api.call('POST /v1/environment/freezes', { body: { target, reason } })}
      onClose={onClose}
    >
      {field}
    </Change>
  );
}

const STAGES = {
  effects: 'Reads go on; effects stay stopped',
  'high-tiers': 'Low tiers go on; high tiers stay stopped',
  lifted: 'Everything goes on',
} as const;

export function Thaw({ target, onClose }: { readonly target: string; readonly onClose: () => void }): ReactNode {
  const [stage, setStage] = useState<keyof typeof STAGES>('effects');
  return (
    <Change
      title={`Thaw ${target}`}
      explained="Let through more, one stage at a time. A stage that is passed is not gone back to: freeze it anew instead."
      verb="Thaw"
      change={(reason) => api.call('POST /v1/environment/thaws', { body: { target, stage, reason } })}
      onClose={onClose}
    >
      <fieldset className="stack-tight">
        <legend>How far</legend>
        {(Object.keys(STAGES) as (keyof typeof STAGES)[]).map((each) => (
          <label key={each} className="cluster">
            <input type="radio" name="stage" checked={stage === each} onChange={() => setStage(each)} />
            <Text>{STAGES[each]}</Text>
          </label>
        ))}
      </fieldset>
    </Change>
  );
}

export function Incident({ on, onClose }: { readonly on: boolean; readonly onClose: () => void }): ReactNode {
  return (
    <Change
      title={on ? 'End the incident' : 'Declare an incident'}
      explained={
        on
          ? 'What policy let through by itself before goes through again.'
          : 'From now on nothing leaves for outside without a person.'
      }
      verb={on ? 'End it' : 'Declare it'}
      change={(reason) => api.call('POST /v1/environment/incident', { body: { state: on ? 'off' : 'on', reason } })}
      onClose={onClose}
    />
  );
}

export function Maintain({ onClose }: { readonly onClose: () => void }): ReactNode {
  const { target, field } = useTarget(false);
  const [until, setUntil] = useState('');
  const end = new Date(until);
  const ready = target !== '' && !Number.isNaN(end.getTime());
  return (
    <Change
      title="Plan maintenance"
      explained="Nothing is changed at the target while the window is open. It begins now, and ends by itself."
      verb="Plan it"
      ready={ready}
      change={(reason) =>
        api.call('POST /v1/environment/maintenance', { body: { target, until: end.toISOString(), reason } })
      }
      onClose={onClose}
    >
      {field}
      <Input label="Until" type="datetime-local" value={until} onChange={setUntil} hint="In your own time zone" />
    </Change>
  );
}
