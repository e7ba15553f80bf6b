/**
 * A small case-management system: the downstream of the example, a process of its own. It trusts Portreeve's grants and
 * nothing else that comes from there.
 *
 *   node server.ts --port 0 --data DIR --issuer ISS --jwks URL --read-token-file FILE [--origin URL] [--cases DIR]
 *     [--allow-faults]
 */
import { fileURLToPath } from 'node:url';
import { bearerCheck, grantGate, openJournal, rememberGrants, serveDownstream } from '@portreeve/example-downstream';
import { caseRoutes } from './app.ts';
import { createPublications, type Line } from './publications.ts';

serveDownstream({
  system: 'case-system',
  body_bytes_max: 1024 * 1024,
  options: {
    cases: { type: 'string', default: fileURLToPath(new URL('../cases', import.meta.url)) },
    issuer: { type: 'string' },
    jwks: { type: 'string' },
    audience: { type: 'string', default: 'urn:portreeve:example:case-system' },
    origin: { type: 'string' },
    'read-token-file': { type: 'string' },
    'allow-faults': { type: 'boolean', default: false },
  },
  async start(given) {
    const where = { issuer: given.text('issuer'), jwks: given.address('jwks'), audience: given.text('audience') };
    const assertReader = bearerCheck(await given.secret('read-token-file'));
    const { journal, lines } = await openJournal<Line>(given.data);
    const { origin } = given.more;
    const grants = grantGate({
      ...where,
      origin: () => (typeof origin === 'string' ? origin : given.origin()),
      replay: rememberGrants(journal, lines),
    });
    const publications = createPublications(journal, lines);
    const allowFaults = given.more['allow-faults'] === true;
    return {
      routes: caseRoutes({ cases: given.text('cases'), assertReader, grants, publications, allowFaults }),
      close: () => journal.close(),
    };
  },
});
