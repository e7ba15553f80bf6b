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
export { ALARMS } from './oversight/alarms.ts';
export { figuresBy, type MeasuredDecision } from './oversight/figures.ts';
export { type OpenedRelease, type Release, readBundle, writeBundle } from './release/bundle.ts';
export { carryOutMove, type DeskCall, type DeskOutcome } from './release/carry-out.ts';
export { type Area, diffReleases, type ReleaseChange } from './release/diff-releases.ts';
export { evidenceDigests } from './release/gaps.ts';
export { type ReleaseFile, type ReleaseManifest, releaseId, releaseManifest } from './release/manifest.ts';
export type { ReleaseFilter, ReleaseMove, ReleaseStore, StoredEvidence, StoredRelease } from './release/ports.ts';
export { createReleases, type Releases, type ReleasesDeps } from './release/register.ts';
export { type OpenedReport, openReport, REPORT_CHARS_MAX, sealReport } from './release/report.ts';
export { type Sbom, sbomOf } from './release/sbom.ts';
export { RELEASE_TABLE } from './release/states.ts';
export { JUDGED_BY, type LiveFigure, type LiveRecord, liveFigures } from './thresholds/live.ts';
