import { parentPort, workerData } from 'node:worker_threads';
import { diffReleases, readBundle } from '@portreeve/govern';

/** Runs on a thread of its own: comparing what policies decide takes seconds, and the server must go on meanwhile. */
const { before, after } = workerData as { readonly before: string; readonly after: string };
parentPort?.postMessage(diffReleases(readBundle(before), readBundle(after)));
