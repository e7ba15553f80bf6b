import { type ReactNode, useState } from 'react';
import { api } from '../api/client.ts';
import { Dialog } from '../ui/dialog.tsx';
import { Input, Reason } from '../ui/select.tsx';
import { Text } from '../ui/text.tsx';
import { useAct } from '../ui/use-act.tsx';
import type { Account, Agent } from './identities.tsx';

const MEANS = {
  activate: 'From now on it may do what it is registered for.',
  review: 'Its next review is due on the day that you name; until then it goes on.',
  suspend: 'Its grants and approvals are taken back and its access tokens refused, until it is reinstated.',
  reinstate: 'It may do again what it is registered for.',
  retire: 'For good: its API tokens are revoked, and what it holds is taken back.',
} as const;

export function ChangeAgent({
  agent,
  event,
  onClose,
}: {
  readonly agent: Agent;
  readonly event: keyof typeof MEANS;
  readonly onClose: () => void;
}): ReactNode {
  const [reason, setReason] = useState('');
  const [day, setDay] = useState('');
  const { act, busy, element } = useAct();
  const submit = async (): Promise<void> => {
    const review = event === 'review' ? { review_by: new Date(day).toISOString() } : {};
    const body = { event, reason: reason.trim(), ...review };
    if (await act(() => api.call('POST /v1/agents/:id/events', { params: { id: agent.id }, body }))) onClose();
  };
  const ready = reason.trim() !== '' && (event !== 'review' || !Number.isNaN(Date.parse(day)));
  return (
    <Dialog
      title={`${event[0]?.toUpperCase()}${event.slice(1)} ${agent.name}`}
      onClose={onClose}
      onSubmit={() => void submit()}
    >
      <p>{MEANS[event]}</p>
      {element}
      {event === 'review' ? <Input label="Next review" type="date" value={day} onChange={setDay} /> : null}
      <Reason value={reason} onChange={setReason} />
      <footer>
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" className="button danger" disabled={busy || !ready}>
          {event[0]?.toUpperCase() + event.slice(1)}
        </button>
      </footer>
    </Dialog>
  );
}

export function EndSessions({
  account,
  onClose,
}: {
  readonly account: Account;
  readonly onClose: () => void;
}): ReactNode {
  const { act, busy, element } = useAct();
  const submit = async (): Promise<void> => {
    if (await act(() => api.call('DELETE /v1/accounts/:id/sessions', { params: { id: account.id } }))) onClose();
  };
  return (
    <Dialog title="End all sessions" onClose={onClose} onSubmit={() => void submit()}>
      <p>
        <Text>{account.name}</Text> is signed out everywhere, and access tokens with which agents act for them are
        refused. Their API tokens are not touched.
      </p>
      {element}
      <footer>
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" className="button danger" disabled={busy}>
          End them
        </button>
      </footer>
    </Dialog>
  );
}
