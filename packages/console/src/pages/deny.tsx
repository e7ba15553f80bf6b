import { type ReactNode, useState } from 'react';
import { Dialog } from '../ui/dialog.tsx';
import { Reason } from '../ui/select.tsx';
import { Text } from '../ui/text.tsx';
import type { Approval } from './inbox.tsx';

/** The page that stands by itself, where a proposal is shown whole and a verdict is signed. */
export function approvalPage(id: string, denial?: string): string {
  const page = `/approve/${encodeURIComponent(id)}`;
  // Behind the `#`, so that no server and no log sees it; the page shows it, and signs nothing by itself.
  return denial === undefined ? page : `${page}#${new URLSearchParams({ verdict: 'deny', reason: denial })}`;
}

/** Takes the reason of a denial here; it is signed, like every verdict, on the page of the approval. */
export function Deny({ approval, onClose }: { readonly approval: Approval; readonly onClose: () => void }): ReactNode {
  const [reason, setReason] = useState('');
  return (
    <Dialog
      title={`Deny ${approval.tool ?? 'this action'}`}
      onClose={onClose}
      onSubmit={() => location.assign(approvalPage(approval.id, reason.trim()))}
    >
      <p>
        Asked by <Text>{approval.requester}</Text> for the workflow <Text>{approval.workflow}</Text>. A denial is signed
        too: you see what you deny once more before you do.
      </p>
      <Reason value={reason} onChange={setReason} hint="Who asked reads it, and it stands in the record for good." />
      <footer>
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" className="button danger" disabled={reason.trim() === ''}>
          Go on and sign the denial
        </button>
      </footer>
    </Dialog>
  );
}
