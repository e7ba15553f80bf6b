import { type ReactNode, useState } from 'react';
import { Dialog } from './dialog.tsx';
import { Reason } from './select.tsx';
import { useAct } from './use-act.tsx';

/** A change that people answer for: what it will do, a reason, and a fresh proof of who one is where the server asks for it. */
export function Change({
  title,
  explained,
  verb,
  ready = true,
  change,
  onClose,
  children,
}: {
  readonly title: string;
  readonly explained: ReactNode;
  readonly verb: string;
  readonly ready?: boolean;
  readonly change: (reason: string) => Promise<unknown>;
  readonly onClose: () => void;
  readonly children?: ReactNode;
}): ReactNode {
  const [reason, setReason] = useState('');
  const { act, busy, element } = useAct();
  const submit = async (): Promise<void> => {
    if (await act(() => change(reason.trim()))) onClose();
  };
  return (
    <Dialog title={title} onClose={onClose} onSubmit={() => void submit()}>
      <p>{explained}</p>
      {element}
      {children}
      <Reason value={reason} onChange={setReason} />
      <footer>
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" className="button danger" disabled={busy || !ready || reason.trim() === ''}>
          {verb}
        </button>
      </footer>
    </Dialog>
  );
}
