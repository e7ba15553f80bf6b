import type { ProjectConfigInput } from '@portreeve/contract';

export default {
  environment: 'test',
  log_origin: 'portreeve.test/audit',
  workflows: ['workflows/case-note'],
  // `testServer` fills in where its downstream listens.
  systems: {},
} satisfies ProjectConfigInput;
