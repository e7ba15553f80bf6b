import { type ReactNode, useState } from 'react';
import { type Answer, api } from '../api/client.ts';
import { Panel } from '../ui/page.tsx';
import { Text } from '../ui/text.tsx';
import { useAct } from '../ui/use-act.tsx';

type Report = Answer<'POST /v1/audit/verify'> & { readonly log: string };

/** The server reads every log anew, hash by hash. Who trusts nobody exports it, and verifies it elsewhere. */
export function VerifyLog(): ReactNode {
  const { act, busy, element } = useAct();
  const [reports, setReports] = useState<readonly Report[]>([]);
  const verify = () =>
    act(async () => {
      const { logs } = await api.call('GET /v1/audit/logs', {});
      const found: Report[] = [];
      for (const { name: log } of logs)
        found.push({ log, ...(await api.call('POST /v1/audit/verify', { body: { log } })) });
      setReports(found);
    });
  return (
    <Panel
      title="The whole record"
      aside={
        <button type="button" className="button" disabled={busy} onClick={() => void verify()}>
          {busy ? 'Verifying…' : 'Verify'}
        </button>
      }
    >
      <div className="stack-tight">
        {element}
        {reports.map((report) => (
          <p key={report.log} className={report.ok ? 'note good' : 'note bad'} role="status">
            {reports.length > 1 ? `In the log ${report.log}: ` : ''}
            {report.ok
              ? `All ${report.size} records are as they were recorded, under ${report.checkpoints} signed checkpoints.`
              : `Record ${report.first_bad_index ?? '?'} is wrong: `}
            {report.ok ? null : <Text>{report.problem}</Text>}
          </p>
        ))}
        {reports.length > 0 ? null : (
          <p className="soft">
            The server recomputes every hash of each log. To check it without trusting the server: portreeve audit
            export, then portreeve-verify.
          </p>
        )}
      </div>
    </Panel>
  );
}
