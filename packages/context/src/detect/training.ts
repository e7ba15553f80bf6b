/** What the training script needs of the detector, and nobody else. */
export { BUCKETS, extractFeatures, type Features, WINDOW_WORDS } from './features.ts';
export { encodeModel } from './model.ts';
export { readWords } from './score-injection.ts';
