export { htmlReport, junitReport, type RedTeamReport, sarifReport, toReleaseReport } from '@portreeve/govern';
export { type Restored, type RestoreOptions, restoreBackup } from './backup/restore.ts';
export { checkProject } from './check/check-project.ts';
export { explainFile } from './check/explain-file.ts';
export type { GoldenFile } from './check/golden-decisions.ts';
export { type FolderMatrix, lintFolder, matrixOfFolder, testFolder } from './check/project-commands.ts';
export {
  type BuiltRelease,
  buildRelease,
  compareReleases,
  openRelease,
  type ProjectRelease,
  projectReleases,
  sealReportFile,
} from './check/releases.ts';
export { CHECKS, type Check, type CheckName, type CheckReport, type Fault } from './check/report.ts';
export { replayAgainst } from './check/what-if.ts';
export { environmentOf } from './config/bind-environment.ts';
export { releasePublicKey } from './config/keys.ts';
export { type LocalAccount, readLocalAccounts } from './config/local-accounts.ts';
export { type ModelKeys, modelKeysOf } from './config/model.ts';
export { loadProject, type Project } from './config/project.ts';
export { withNote } from './config/secret-changes.ts';
export { plainKeystore, stateKeystore } from './config/secrets.ts';
export { type Holder, readHolder } from './config/state-folder.ts';
export { diagnoseAt } from './doctor/diagnose-at.ts';
export type { Finding } from './doctor/finding.ts';
export { diagnoseMachine } from './doctor/on-this-machine.ts';
export type { OutageReport } from './drill/report.ts';
export { drillVendorOutage } from './drill/vendor-outage.ts';
export { readReport, readReports } from './governance/read-reports.ts';
export { notReady } from './governance/readiness.ts';
export { RED_TEAM_MODELS, type RunRedTeamOptions, runRedTeam } from './redteam/run-red-team.ts';
export {
  type GatekeeperProcess,
  type GatekeeperProcessOptions,
  startGatekeeper,
} from './roles/gatekeeper.ts';
export { type PortreeveServer, type StartOptions, startServer } from './start.ts';
export { migrateAt, planAt } from './store/migration/at.ts';
export { VERSION } from './version.ts';
