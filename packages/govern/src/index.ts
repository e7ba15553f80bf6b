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
export { ALARMS } from './oversight/alarms.ts';
export { figuresBy, type MeasuredDecision } from './oversight/figures.ts';
export { type OpenedRelease, type Release, readBundle, writeBundle } from './release/bundle.ts';
export { type Area, diffReleases, type ReleaseChange } from './release/diff-releases.ts';
export { type ReleaseFile, type ReleaseManifest, releaseId, releaseManifest } from './release/manifest.ts';
export { type Sbom, sbomOf } from './release/sbom.ts';
