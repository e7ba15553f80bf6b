import { PortreeveError } from '@portreeve/contract';
import { APPROVAL_PAGE_POLICY, approvalPage } from '../pages/approval-page.ts';
import { route } from '../route.ts';
import { approvalView } from '../views/approval.ts';
import { seesApproval } from '../visible.ts';
import { idParam } from './schemas.ts';

/** The page on which an approval is decided stands by itself: no part of the console is loaded into it. */
export const approvalPageRoutes = [
  route({
    method: 'GET',
    url: '/approve/:id',
    operation: 'approvals.read',
    summary: 'The page of one approval, to be read and decided by passkey. To open it decides nothing',
    records: 'read',
    params: idParam('approval'),
    page: true,
    answers: {},
    stream: 'text/html; charset=utf-8',
    handler: async ({ services, who, params, reply }) => {
      const approval = await services.approvals.get(params.id);
      if (!approval || !seesApproval(who.principal, approval))
        throw new PortreeveError('not_found', `There is no approval ${params.id}.`);
      const page = approvalPage(await approvalView(services, approval), who.principal.id);
      await reply
        .header('content-type', 'text/html; charset=utf-8')
        .header('content-security-policy', APPROVAL_PAGE_POLICY)
        .header('permissions-policy', 'publickey-credentials-get=(self)')
        .header('cache-control', 'no-store')
        .header('referrer-policy', 'no-referrer')
        .send(page);
    },
  }),
];
