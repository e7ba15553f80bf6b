import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api, type Row } from '../api/client.ts';
import { enrolPasskey, passkeysWork } from '../api/passkey.ts';
import { useMay } from '../api/session.ts';
import { useUrlState } from '../app/url-state.ts';
import { Badge } from '../ui/badge.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Panel } from '../ui/page.tsx';
import { Input } from '../ui/select.tsx';
import { Empty } from '../ui/states.tsx';
import { Table } from '../ui/table.tsx';
import type { Column } from '../ui/table-model.ts';
import { Text } from '../ui/text.tsx';
import { Time } from '../ui/time.tsx';
import { useAct } from '../ui/use-act.tsx';

type Passkey = Row<'GET /v1/passkeys', 'passkeys'>;

const columns = (end: (passkey: Passkey) => ReactNode): readonly Column<Passkey>[] => [
  { id: 'name', title: 'Passkey', value: ({ name }) => name },
  {
    id: 'kind',
    title: 'Its key',
    value: ({ device_bound }) => (device_bound ? 'stays on its device' : 'is synced between devices'),
  },
  {
    id: 'since',
    title: 'Since',
    value: ({ created_at }) => created_at,
    cell: ({ created_at }) => <Time at={created_at} />,
  },
  {
    id: 'state',
    title: 'State',
    value: ({ revoked_at }) => (revoked_at ? 'ended' : 'good'),
    cell: ({ revoked_at }) => <Badge tone={revoked_at ? 'plain' : 'good'}>{revoked_at ? 'ended' : 'good'}</Badge>,
  },
  { id: 'end', title: '', value: () => null, cell: (passkey) => (passkey.revoked_at ? null : end(passkey)) },
];

/** One's own passkeys: what signs verdicts on the page of an approval. */
export function Passkeys(): ReactNode {
  const [url, setUrl] = useUrlState();
  const may = useMay();
  const [adding, setAdding] = useState(false);
  const [ending, setEnding] = useState<Passkey | null>(null);
  const passkeys = useQuery({
    queryKey: ['passkeys'],
    queryFn: ({ signal }) => api.call('GET /v1/passkeys', { signal }),
  });
  const usable = passkeys.data?.passkeys.filter(({ revoked_at }) => revoked_at === null) ?? [];
  return (
    <Panel
      title="Your passkeys"
      bare
      aside={
        may('passkeys.enrol') && passkeysWork() ? (
          <button type="button" className="button" disabled={!passkeys.data} onClick={() => setAdding(true)}>
            Add a passkey
          </button>
        ) : null
      }
    >
      <Table
        name="passkeys"
        columns={columns((passkey) =>
          may('passkeys.revoke') ? (
            <button
              type="button"
              className="button danger"
              aria-label={`End ${passkey.name}`}
              onClick={() => setEnding(passkey)}
            >
              End
            </button>
          ) : null,
        )}
        rows={passkeys.data?.passkeys}
        error={passkeys.error}
        retry={() => void passkeys.refetch()}
        rowKey={({ id }) => id}
        search={url}
        onSearch={setUrl}
        empty={<Empty title="You have no passkey">An administrator gives you a code for the first one.</Empty>}
      />
      {adding ? <Add first={usable.length === 0} onClose={() => setAdding(false)} /> : null}
      {ending ? <End passkey={ending} onClose={() => setEnding(null)} /> : null}
    </Panel>
  );
}

function Add({ first, onClose }: { readonly first: boolean; readonly onClose: () => void }): ReactNode {
  const [name, setName] = useState('');
  const [code, setCode] = useState('');
  const { act, busy, element } = useAct();
  const submit = async (): Promise<void> => {
    if (await act(() => enrolPasskey(name.trim(), code.trim() === '' ? null : code.trim()))) onClose();
  };
  return (
    <Dialog title="Add a passkey" onClose={onClose} onSubmit={() => void submit()}>
      <p>
        {first
          ? 'Somebody must vouch that it is yours: an administrator gives you a code, good for one passkey and a day.'
          : 'A passkey that you have vouches for it: it is asked to sign first. Without it, an administrator gives you a code.'}
      </p>
      {element}
      <Input label="Name" hint="Such as the device that it is on." value={name} onChange={setName} required />
      <Input label="Code of an administrator" value={code} onChange={setCode} required={first} />
      <footer>
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" className="button primary" disabled={busy || name.trim() === ''}>
          {busy ? 'Your device asks you…' : 'Create it'}
        </button>
      </footer>
    </Dialog>
  );
}

function End({ passkey, onClose }: { readonly passkey: Passkey; readonly onClose: () => void }): ReactNode {
  const { act, busy, element } = useAct();
  const submit = async (): Promise<void> => {
    if (await act(() => api.call('DELETE /v1/passkeys/:id', { params: { id: passkey.id } }))) onClose();
  };
  return (
    <Dialog title="End a passkey" onClose={onClose} onSubmit={() => void submit()}>
      <p>
        <Text>{passkey.name}</Text> signs nothing any more. What it signed and is not yet carried out counts no more.
      </p>
      {element}
      <footer>
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" className="button danger" disabled={busy}>
          End it
        </button>
      </footer>
    </Dialog>
  );
}
