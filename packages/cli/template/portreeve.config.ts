import type { ProjectConfigInput } from '@portreeve/sdk';

export default {
  environment: 'development',
  // The name of the log in the world. Give it a domain of yours before the first start in production: it is never changed.
  log_origin: 'portreeve.local/audit',
  workflows: ['workflows/triage-ticket'],
  // Where the systems are that tools name as `system://NAME/…`. Contracts stay the same in every environment.
  systems: { 'ticket-desk': { url: 'http://127.0.0.1:8080', private: true } },
} satisfies ProjectConfigInput;
