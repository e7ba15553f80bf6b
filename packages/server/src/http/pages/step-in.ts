import type { FastifyReply, FastifyRequest } from 'fastify';
import { readCookie, SESSION_COOKIE, type WebOrigin } from '../cookies.ts';
import { APPROVAL_PAGE_POLICY, goOnPage } from './approval-page.ts';

/** Says that this is the second step, so that nobody is led round in a circle. */
const HERE = 'here';

/**
 * A browser does not send a `Strict` cookie along with a link that somebody follows from another site, such as a chat. It
 * is given a page that holds nothing of anybody and opens the same address again: that step begins here, so the cookie
 * comes with it. True where that was the answer. Nothing is decided, shown or recorded on the way.
 */
export async function stepIn(web: WebOrigin, request: FastifyRequest, reply: FastifyReply): Promise<boolean> {
  const { 'sec-fetch-site': site, authorization } = request.headers;
  const [path = '', query = ''] = request.url.split('?');
  if (site !== 'cross-site' || authorization !== undefined || query === HERE) return false;
  if (readCookie(web, request, SESSION_COOKIE) !== null) return false;
  await reply
    .headers({ 'content-type': 'text/html; charset=utf-8', 'content-security-policy': APPROVAL_PAGE_POLICY })
    .headers({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
    .send(goOnPage(`${path}?${HERE}`));
  return true;
}
