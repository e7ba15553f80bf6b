import { defineSource } from '@portreeve/sdk';
import { z } from 'zod';
import { personId, systemId } from './input.ts';

const limits = { max_items: 200, max_bytes: 256 * 1024, timeout_ms: 5000 };
const credential = 'directory-read-token';

/** What can be given in a system. The directory's owners curate it: trusted. */
export const entitlements = defineSource({
  name: 'entitlements',
  version: '1.0',
  title: 'What a system has to give',
  integrity: 'trusted',
  confidentiality: 'internal',
  categories: [],
  query: z.strictObject({ system: systemId }),
  fields: [
    { name: 'entitlement', max_chars: 96 },
    { name: 'allows', max_chars: 300 },
    { name: 'risk', max_chars: 10 },
  ],
  limits,
  binding: { kind: 'http', url: 'system://directory/systems/{system}/entitlements', credential },
});

/** Only what the choice needs: no address, no salary band, no e-mail. */
export const people = defineSource({
  name: 'people',
  version: '1.0',
  title: 'A person and what they have now',
  integrity: 'trusted',
  confidentiality: 'confidential',
  categories: ['personal'],
  query: z.strictObject({ person: personId }),
  fields: [
    { name: 'person', max_chars: 10 },
    { name: 'job', max_chars: 80 },
    { name: 'department', max_chars: 80 },
    { name: 'has', max_chars: 500 },
  ],
  limits,
  binding: { kind: 'http', url: 'system://directory/people/{person}', credential },
});
