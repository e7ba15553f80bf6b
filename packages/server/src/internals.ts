// For the benches alone, which measure the stores by themselves.
export { auditStore } from './store/audit.ts';
export { Database } from './store/database.ts';
export { migrate } from './store/migrate.ts';
export { startEmbeddedPostgres } from './store/postgres.ts';
