// For the benches alone, which measure the stores by themselves.
export { loadKeys } from './config/keys.ts';
export { loadProject } from './config/project.ts';
export { openSecrets } from './config/secrets.ts';
export { every } from './every.ts';
export { fileKeyWrapper } from './keys/file-wrapper.ts';
export { wireStages } from './stages.ts';
export { auditStore } from './store/audit.ts';
export { Database } from './store/database.ts';
export { migrate } from './store/migrate.ts';
export { startEmbeddedPostgres } from './store/postgres.ts';
export { wireKeys } from './wire-keys.ts';
