export { environmentOf } from './config/bind-environment.ts';
export { type LocalAccount, readLocalAccounts } from './config/local-accounts.ts';
export { loadProject, type Project } from './config/project.ts';
export { withNote } from './config/secret-changes.ts';
export { plainKeystore, stateKeystore } from './config/secrets.ts';
export { type Holder, readHolder } from './config/state-folder.ts';
export { type PortreeveServer, type StartOptions, startServer } from './start.ts';
export { VERSION } from './version.ts';
