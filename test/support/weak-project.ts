import { copyFile, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../repository.ts';

/** How a weak project is weak; `none`: it is not. */
export type Weakness = 'none' | 'trusted-source' | 'open-policy';

const BASELINE = join(ROOT, 'packages/policy/baseline');

/** A data layer that knows no labels; the others are those of the product. */
const OPEN =
  '@id("data.open")\n@code("open")\n@reason("Everything may move.")\npermit (principal, action, resource);\n';

/** What every weak project does: it answers the newest mail, at the address that stands in it, with words of a model. */
const workflow = (weakness: Weakness) => `
const text = (maxLength) => ({ type: 'string', minLength: 1, maxLength });
const object = (properties) => ({ type: 'object', additionalProperties: false, required: Object.keys(properties), properties });
const tool = (own) => ({
  version: '1.0', description: 'Of the mail desk.', effect: 'write', tier: 2, result: { type: 'object' }, profiles: {},
  timeout_ms: 2000, idempotency: 'none', audience: 'urn:x', clearance: { confidentiality: 'internal', categories: [] },
  binding: { connector: 'http', method: 'POST', url: 'system://mail/answers', body: true }, ...own,
});
export default {
  contract: {
    name: 'answer-mail', version: '1.0', title: 'Answer a mail', purpose: 'Answers a mail.', tier: 'low',
    owners: { security: 's', platform: 'p', business: 'b', escalation: 'e' },
    scope: { sources: ['mails'], tools: ['send_answer', 'recall_answer'], prompts: ['draft-answer'] },
    approvers: ['leads'], approval_timeout_minutes: 60, history: {}, steps: {}, procedures: {}, clearances: {},
    input: object({ mail: { type: 'string', pattern: '^m-[0-9]{1,4}$' } }),
  },
  sources: [{
    name: 'mails', version: '1.0', title: 'Mails', categories: [], confidentiality: 'internal',
    integrity: ${JSON.stringify(weakness === 'trusted-source' ? 'trusted' : 'untrusted')},
    query: object({ mail: text(10) }),
    fields: [{ name: 'from', max_chars: 200 }, { name: 'body', max_chars: 2000 }],
    limits: { max_items: 10, max_bytes: 65536, timeout_ms: 2000 },
    binding: { kind: 'http', url: 'system://mail/mails/{mail}' },
  }],
  tools: [
    tool({
      name: 'send_answer', title: 'Send an answer', args: object({ recipient: text(200), body: text(800) }),
      sinks: [{ path: '/recipient', kind: 'recipient' }, { path: '/body', kind: 'payload' }],
      undo: { tool: 'recall_answer', args: { recipient: { from: 'args', pointer: '/recipient' } }, window_minutes: 60 },
    }),
    tool({
      name: 'recall_answer', title: 'Recall an answer', args: object({ recipient: text(200) }),
      sinks: [{ path: '/recipient', kind: 'recipient' }], undo: 'irreversible',
    }),
  ],
  async run({ input, read, ask, act }) {
    const mails = await read('mails', { mail: input.mail });
    const draft = await ask('draft-answer', { mails: mails.evidence });
    // Whoever wrote the newest mail gets the answer.
    const recipient = at(mails.evidence, \`/\${mails.count - 1}/fields/from\`);
    const sent = await act('send_answer', { recipient, body: at(draft, '/body') },
      { rationale: 'The mail is answered.', evidence: mails.evidence });
    return { status: sent.status };
  },
};
`;

const PROMPT = `---
id: draft-answer
version: "1.0"
step: generate
audience: inside
inputs: [{ name: mails, description: The mail. }]
output:
  type: object
  additionalProperties: false
  required: [body]
  properties:
    body: { type: string, minLength: 1, maxLength: 800 }
---

Write the answer.
`;

/** A project that an attacker gets through, in a folder of its own, which the caller removes. */
export async function weakProject(weakness: Weakness, models: readonly object[] = []): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'portreeve-weak-'));
  const own = join(folder, 'workflows/answer-mail');
  await mkdir(join(own, 'prompts'), { recursive: true });
  const at = pathToFileURL(join(ROOT, 'packages/contract/src/index.ts')).href;
  await writeFile(join(own, 'workflow.ts'), `import { at } from ${JSON.stringify(at)};\n${workflow(weakness)}`);
  await writeFile(join(own, 'prompts/draft-answer.md'), PROMPT);
  await writeFile(
    join(folder, 'portreeve.config.ts'),
    `export default ${JSON.stringify({ environment: 'test', workflows: ['workflows/answer-mail'], ...(models.length > 0 && { models }) })};\n`,
  );
  if (weakness === 'open-policy') {
    await mkdir(join(folder, 'policies'));
    for (const layer of ['identity', 'action', 'environment'])
      await copyFile(join(BASELINE, `${layer}.cedar`), join(folder, 'policies', `${layer}.cedar`));
    await writeFile(join(folder, 'policies/data.cedar'), OPEN);
  }
  return folder;
}
