export { type AcceptableUseSection, acceptableUsePage } from './acceptable-use/page.ts';
export { carryOutApproval, restsOn } from './change/carry-out.ts';
export { type ChangeEvidence, evidenceOf } from './change/evidence.ts';
export { followChange } from './change/follow.ts';
export { moveChange } from './change/move.ts';
export { openChange, saidOf, type Touched, touchedBy } from './change/open.ts';
export type { ChangeFilter, ChangeMove, ChangeStore, NewChange, StoredChange, SurfaceStore } from './change/ports.ts';
export { CHANGE_TABLE } from './change/states.ts';
export { reviewSurface, type SurfacePart } from './change/surface.ts';
export { versionWatch } from './change/versions.ts';
export { LOOK_EVERY, type Shift } from './drift/compare.ts';
export {
  type Comparison,
  type DriftAlarm,
  type DriftReport,
  driftOf,
  FALSE_ALARMS,
  type Stretch,
} from './drift/drift.ts';
export { type Change, METRICS, type Observation, observer, type SeenRecord, WATCHED } from './drift/observe.ts';
export { answerFramework } from './evidence/answer.ts';
export { FRAMEWORK_MAPS } from './evidence/frameworks/index.ts';
export type { Look, SeenAgent, SeenRecord as EvidenceRecord } from './evidence/look.ts';
export type { Alarm } from './oversight/alarms.ts';
export { figuresBy, type MeasuredDecision, percentile } from './oversight/figures.ts';
export { otherPilot, type Plan, pilotFacts, planOf, rolloutDigest } from './pilot/plan.ts';
export type { PilotRuns, PilotStep, PilotStore } from './pilot/ports.ts';
export type { ReadinessFix, ReadinessInput, ReadinessItem } from './readiness/item.ts';
export { READINESS_ITEMS, type Readiness, readinessOf, UNREVIEWED } from './readiness/readiness.ts';
export type { GivenFile } from './redteam/carriers.ts';
export { type Choices, choices } from './redteam/choices.ts';
export { DRESSES, readable } from './redteam/dress.ts';
export { importList } from './redteam/import-list.ts';
export type { Seen } from './redteam/judge.ts';
export { packsIn, shippedPacks } from './redteam/load-packs.ts';
export type { Pack } from './redteam/pack.ts';
export { type RedTeamOptions, redTeam } from './redteam/red-team.ts';
export { htmlReport } from './redteam/report/html.ts';
export { junitReport } from './redteam/report/junit.ts';
export { sarifReport } from './redteam/report/sarif.ts';
export { type RedTeamReport, toReleaseReport } from './redteam/report.ts';
export type { Stage } from './redteam/stage.ts';
export { type OpenedRelease, type Release, readBundle, writeBundle } from './release/bundle.ts';
export { carryOutMove, type DeskCall, type DeskOutcome } from './release/carry-out.ts';
export { AREAS as CHANGE_AREAS } from './release/diff/change.ts';
export { toldTo } from './release/diff/planted.ts';
export { type Area, diffReleases, type ReleaseChange } from './release/diff-releases.ts';
export { evidenceDigests } from './release/gaps.ts';
export { type ReleaseFile, type ReleaseManifest, releaseId, releaseManifest } from './release/manifest.ts';
export type {
  EvidenceFilter,
  ReleaseFilter,
  ReleaseMove,
  ReleaseStore,
  StoredEvidence,
  StoredRelease,
} from './release/ports.ts';
export { createReleases, type Releases, type ReleasesDeps } from './release/register.ts';
export { type OpenedReport, openReport, REPORT_CHARS_MAX, sealReport } from './release/report.ts';
export { type Sbom, sbomOf } from './release/sbom.ts';
export { RELEASE_TABLE } from './release/states.ts';
export { JUDGED_BY, type LiveFigure, type LiveRecord, liveFigures } from './thresholds/live.ts';
