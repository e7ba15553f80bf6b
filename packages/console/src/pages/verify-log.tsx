import { type ReactNode, useState } from 'react';
import { type Answer, api } from '../api/client.ts';
import { Panel } from '../ui/page.tsx';
import { Text } from '../ui/text.tsx';
import { useAct } from '../ui/use-act.tsx';

/** The server reads its whole log anew, hash by hash. Who trusts nobody exports it, and verifies it elsewhere. */
export function VerifyLog(): ReactNode {
  const { act, busy, element } = useAct();
  const [report, setReport] = useState<Answer<'POST /v1/audit/verify'> | null>(null);
  const verify = () => act(async () => setReport(await api.call('POST /v1/audit/verify', { body: {} })));
  return (
    <Panel
      title="The whole log"
      aside={
        <button type="button" className="button" disabled={busy} onClick={() => void verify()}>
          {busy ? 'Verifying…' : 'Verify'}
        </button>
      }
    >
      <div className="stack-tight">
        {element}
        {report ? (
          <p className={report.ok ? 'note good' : 'note bad'} role="status">
            {report.ok
              ? `All ${report.size} records are as they were recorded, under ${report.checkpoints} signed checkpoints.`
              : `Record ${report.first_bad_index ?? '?'} is wrong: `}
            {report.ok ? null : <Text>{report.problem}</Text>}
          </p>
        ) : (
          <p className="soft">
            The server recomputes every hash of its log. To check it without trusting the server: portreeve audit
            export, then portreeve-verify.
          </p>
        )}
      </div>
    </Panel>
  );
}
