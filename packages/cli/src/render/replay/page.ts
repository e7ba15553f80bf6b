import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { RunReplay } from './read-replay.ts';

const read = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8');
const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/**
 * One HTML file that tells a run, holds its records and proofs, and checks them in the browser that opens it. It asks
 * nothing of any server and runs no script but its own: its content security policy allows exactly the two texts below.
 * All that it shows of the run is written by the script, as text, from what it has checked.
 */
export function replayPage(replay: RunReplay): string {
  const style = read('./page.css');
  const script = `'use strict';\n${read('../stage-sentences.js').replace(/^export /gm, '')}\n${read('./verifier.js')}`;
  if (script.includes('</script') || script.includes('<!--')) throw new TypeError('the script would end the element');
  const policy = [
    "default-src 'none'",
    `style-src ${hashOf(style)}`,
    `script-src ${hashOf(script)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  // JSON in an element that is not run: no text of it can end the element or begin a comment.
  const data = JSON.stringify(replay).replaceAll('<', '\\u003c');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Portreeve: one run, from the record</title>
<style>${style}</style>
</head>
<body>
<h1>One run, from the record</h1>
<p class="lead">Every line below is read from the records in this file, which your browser checks now.</p>
<section id="verdict" class="verdict" aria-live="polite"><strong>Not checked.</strong>
<p>If this stays, the script of this page was changed or may not run, and nothing here is proved.</p></section>
<h2>Step by step</h2>
<ol id="steps"></ol>
<h2>What this proves, and what it does not</h2>
<p class="note">That each record shown stands in the signed log, unchanged, with its time and its place. Not that no record
of the run was left out of this file; and a file that checks itself could be forged as a whole. Compare the signing key
with the one that you were given by another way, or check the log itself with portreeve-verify.</p>
<script type="application/json" id="replay">${data}</script>
<script>${script}</script>
</body>
</html>
`;
}
