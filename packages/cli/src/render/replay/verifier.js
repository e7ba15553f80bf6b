// Runs in the page that an auditor opens. It reads the records out of the page, checks each against the checkpoint in it,
// and shows nothing that it has not read from what it checked. Plain JavaScript with WebCrypto; it asks no server.

const HASH_BYTES = 32;
const ED25519 = 1;
/** Key id and signature. */
const SIGNATURE_BYTES = 4 + 64;

const utf8 = (text) => new TextEncoder().encode(text);
const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

function join(...parts) {
  const all = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Strict base64; `null` for anything else, so that one text stands for one value. */
function fromBase64(text) {
  try {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    return btoa(String.fromCharCode(...bytes)) === text ? bytes : null;
  } catch {
    return null;
  }
}

const same = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);

/** The key of a `<name>+<key id>+<base64>` (C2SP signed-note). */
async function readKey(vkey) {
  const match = /^([^\s+]+)\+([0-9a-f]{8})\+(\S+)$/.exec(vkey);
  const data = match && fromBase64(match[3]);
  if (!data || data.length !== 1 + HASH_BYTES || data[0] !== ED25519) return null;
  const id = (await sha256(join(utf8(`${match[1]}\n`), data))).subarray(0, 4);
  return hex(id) === match[2] ? { name: match[1], id, key: data.subarray(1) } : null;
}

/** The text of the note and what its signature is worth: `ok`, `bad`, or `unknown` where this browser cannot tell. */
async function openCheckpoint(note, key) {
  const end = note.lastIndexOf('\n\n');
  const text = note.slice(0, end + 1);
  const lines = text.split('\n');
  const root = end < 0 ? null : fromBase64(lines[2] ?? '');
  if (!root || root.length !== HASH_BYTES || !/^(0|[1-9][0-9]{0,15})$/.test(lines[1])) return null;
  let signature = 'bad';
  for (const line of note.slice(end + 2).split('\n')) {
    const match = /^\u2014 (\S+) (\S+)$/.exec(line);
    const blob = match && match[1] === key.name ? fromBase64(match[2]) : null;
    if (!blob || blob.length !== SIGNATURE_BYTES || !same(blob.subarray(0, 4), key.id)) continue;
    try {
      const imported = await crypto.subtle.importKey('raw', key.key, { name: 'Ed25519' }, false, ['verify']);
      const valid = await crypto.subtle.verify({ name: 'Ed25519' }, imported, blob.subarray(4), utf8(text));
      if (!valid) return { origin: lines[0], size: Number(lines[1]), root, signature: 'bad' };
      signature = 'ok';
    } catch {
      signature = 'unknown';
    }
  }
  return { origin: lines[0], size: Number(lines[1]), root, signature };
}

/** RFC 9162 section 2.1.3.2, over numbers beyond 2^31. */
async function rootOf(leaf, index, size, path) {
  let [at, last, hash] = [index, size - 1, leaf];
  for (const sibling of path) {
    if (last === 0) return null;
    if (at % 2 === 1 || at === last) {
      hash = await sha256(join(Uint8Array.of(1), sibling, hash));
      while (at % 2 === 0 && at !== 0) {
        at = Math.floor(at / 2);
        last = Math.floor(last / 2);
      }
    } else {
      hash = await sha256(join(Uint8Array.of(1), hash, sibling));
    }
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 ? hash : null;
}

/** What is wrong with one record, in words; `null` where nothing is. */
async function faultOf(record, entry, checkpoint, run) {
  const path = record.path.map(fromBase64);
  if (path.some((hash) => hash?.length !== HASH_BYTES)) return 'its proof is not readable';
  if (!Number.isSafeInteger(record.index) || record.index < 0 || record.index >= checkpoint.size)
    return 'it lies outside the signed log';
  const leaf = await sha256(join(Uint8Array.of(0), utf8(record.entry)));
  const root = await rootOf(leaf, record.index, checkpoint.size, path);
  if (!root || !same(root, checkpoint.root)) return 'it does not stand in the signed log as it is shown here';
  if (entry.index !== record.index || entry.log !== checkpoint.origin) return 'it names another place than its own';
  if (entry.refs?.run !== run) return 'it belongs to another run';
  if (record.payload === null) return null;
  const digest = `sha256:${hex(await sha256(utf8(record.payload)))}`;
  return digest === entry.payload_digest ? null : 'its content is not what was recorded';
}

async function check(replay) {
  const key = await readKey(replay.vkey);
  if (!key) return { fault: 'The public key in this page is not readable.', steps: [] };
  const checkpoint = await openCheckpoint(replay.checkpoint, key);
  if (!checkpoint) return { fault: 'The checkpoint in this page is not readable.', steps: [] };
  const steps = [];
  let before = -1;
  for (const record of replay.records) {
    const entry = JSON.parse(record.entry);
    let fault = await faultOf(record, entry, checkpoint, replay.run);
    if (record.index <= before) fault ??= 'it is not in its order';
    before = record.index;
    const content = record.payload === null ? null : JSON.parse(record.payload);
    // The name lies in the content, so that it can be erased with it.
    const actor = { ...entry.actor, name: content?.actor_name ?? entry.actor.id };
    steps.push({ entry, actor, payload: record.payload, data: content?.data ?? null, fault });
  }
  const wrong = steps.filter(({ fault }) => fault !== null);
  let fault = null;
  if (checkpoint.origin !== replay.origin || key.name !== replay.origin) fault = 'The checkpoint is of another log.';
  else if (checkpoint.signature === 'bad') fault = 'The signature of the checkpoint does not verify.';
  else if (steps.length === 0) fault = 'There is no record in this page.';
  else if (wrong.length > 0) fault = `${wrong.length} of ${steps.length} records are not as they were recorded.`;
  return { fault, steps, checkpoint, key };
}

/** An element with text; never markup, whatever stands in the text. */
function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function factsOf(checked, replay) {
  const facts = [
    ['Run', replay.run],
    ['Log', replay.origin],
    ['Records', `${checked.steps.length} of this run, in a log of ${checked.checkpoint.size}`],
    ['Signing key', replay.vkey],
  ];
  const list = element('dl', 'facts');
  for (const [name, text] of facts) list.append(element('dt', '', name), element('dd', '', text));
  return list;
}

function stepOf({ entry, actor, payload, data, fault }) {
  const item = element('li', fault ? 'step wrong' : 'step');
  const head = element('div', 'head');
  head.append(
    element('span', 'index', `#${entry.index}`),
    element('time', '', entry.time),
    element('code', 'type', entry.type),
    element('span', 'actor', actor.name),
  );
  if (entry.outcome) head.append(element('span', 'outcome', entry.outcome));
  head.append(element('span', fault ? 'mark bad' : 'mark good', fault ? '\u2717 not as recorded' : '\u2713 proved'));
  item.append(head);
  if (fault) item.append(element('p', 'fault', `This record fails: ${fault}. Do not rely on what it says.`));
  let sentences = [];
  try {
    sentences = sentencesOf(entry.type, data, { ...entry, actor });
  } catch {
    // A record of another version than these sentences: its content is shown all the same.
  }
  for (const [stage, text] of sentences) {
    const line = element('p', 'sentence');
    line.append(element('span', `stage ${stage}`, stage), element('span', '', text));
    item.append(line);
  }
  const details = element('details');
  details.append(element('summary', '', payload === null ? 'Content: erased' : 'What was recorded, whole'));
  details.append(element('pre', '', JSON.stringify({ entry, ...(data ? { data } : {}) }, null, 2)));
  item.append(details);
  return item;
}

function show(checked, replay) {
  const verdict = document.getElementById('verdict');
  const lines = [];
  if (checked.fault) {
    verdict.className = 'verdict bad';
    lines.push(['strong', `\u2717 Not intact. ${checked.fault}`]);
    lines.push(['p', 'This page is not what the log recorded. Ask for it again, and keep this one.']);
  } else if (checked.checkpoint.signature === 'unknown') {
    verdict.className = 'verdict unsure';
    lines.push(['strong', '\u25b2 The records agree with the checkpoint, but its signature was not checked.']);
    lines.push(['p', 'This browser does not know Ed25519. Open the page in a newer one to check who signed.']);
  } else {
    verdict.className = 'verdict good';
    lines.push(['strong', `\u2713 Intact. All ${checked.steps.length} records stand in the signed log, unchanged.`]);
  }
  verdict.replaceChildren(...lines.map(([name, text]) => element(name, '', text)));
  if (checked.checkpoint) verdict.append(factsOf(checked, replay));
  document.getElementById('steps').replaceChildren(...checked.steps.map(stepOf));
}

async function main() {
  const replay = JSON.parse(document.getElementById('replay').textContent);
  show(await check(replay), replay);
}

main().catch((error) => {
  const verdict = document.getElementById('verdict');
  verdict.className = 'verdict bad';
  verdict.textContent = `\u2717 Not intact. This page cannot be read: ${error instanceof Error ? error.message : error}`;
});
