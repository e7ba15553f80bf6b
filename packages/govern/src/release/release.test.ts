import { generateKeyPairSync } from 'node:crypto';
import { basename } from 'node:path';
import { digestOf, PortreeveError, toolContractSchema, workflowContractSchema } from '@portreeve/contract';
import { baselinePolicies } from '@portreeve/policy';
import { describe, expect, test } from 'vitest';
import { type Release, readBundle, writeBundle } from './bundle.ts';
import { diffReleases } from './diff-releases.ts';
import { type ReleaseFile, releaseId, releaseManifest } from './manifest.ts';
import { sbomOf } from './sbom.ts';

const tool = {
  ...{
    name: 'publish_note',
    version: '1.0',
    title: 'Publish a note',
    description: 'Publishes.',
    tier: 3,
    effect: 'write',
  },
  args: {
    ...{ type: 'object', additionalProperties: false, required: ['text'] },
    properties: { text: { type: 'string', maxLength: 200 }, to: { enum: ['team', 'lead'] } },
  },
  result: { type: 'object' },
  sinks: [{ path: '/to', kind: 'recipient' }],
  clearance: { confidentiality: 'internal', categories: [] },
  ...{ undo: 'irreversible', timeout_ms: 1000, idempotency: 'key', audience: 'urn:test:notes' },
  binding: { connector: 'http', method: 'POST', url: 'system://notes/notes' },
} as const;
const contract = {
  ...{ name: 'notes', version: '1.0', title: 'Notes', purpose: 'Writes notes.', tier: 'medium' },
  owners: { security: 's', platform: 'p', business: 'b', escalation: 'e' },
  scope: { sources: [], tools: ['publish_note'], prompts: ['write'] },
  ...{ approvers: ['leads'], input: { type: 'object' } },
} as const;
const model = {
  ...{ name: 'main', kind: 'anthropic', model: 'claude-sonnet-5-5', secret: 'key', where: 'public-cloud' },
  clearance: { confidentiality: 'internal', categories: [] },
} as const;
const text = (path: string, content: string): ReleaseFile => ({ path, bytes: Buffer.from(content) });
const files = [
  text('workflow.ts', 'export default 1;\n'),
  text('prompts/write.md', 'Write.\nBriefly.\n'),
  text('tests/decisions.yaml', 'a: 1\n'),
];
const baseline = Object.values(baselinePolicies())
  .flat()
  .map((source) => text(`baseline/${basename(source.file)}`, source.text));

interface Parts {
  tool?: object;
  contract?: object;
  models?: readonly object[];
  files?: readonly ReleaseFile[];
}

function release(over: Parts = {}): Release {
  const manifest = releaseManifest({
    portreeve: '0.1.0',
    definition: {
      contract: workflowContractSchema.parse({ ...contract, ...over.contract }),
      tools: [toolContractSchema.parse({ ...tool, ...over.tool })],
      sources: [],
      run: async () => undefined,
    },
    models: (over.models ?? [model]) as never,
    files: over.files ?? files,
  });
  return { id: releaseId(manifest), manifest, baseline, files: over.files ?? files, sbom: null };
}

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const signer = { id: 'mine', key: privateKey };

describe('H1: a release', () => {
  test('is named by every byte in it, and by nothing else', () => {
    const { id } = release();
    expect(release({ files: files.toReversed() }).id).toBe(id);
    const others = [
      release({ files: [...files, text('more.ts', '')] }),
      release({ files: [text('workflow.ts', 'export default 2;\n'), ...files.slice(1)] }),
      release({ tool: { tier: 4 } }),
      release({ models: [{ ...model, model: 'another' }] }),
    ].map((each) => each.id);
    expect(new Set([id, ...others]).size).toBe(5);
    // Where an endpoint is, and which secret opens it, belongs to an environment.
    expect(release({ models: [{ ...model, secret: 'other', base_url: 'https://elsewhere.test' }] }).id).toBe(id);
  });

  test('is the same bundle byte for byte when it is built again, and comes back whole', () => {
    const bundle = writeBundle(release(), signer);
    expect(writeBundle(release({ files: files.toReversed() }), signer)).toBe(bundle);
    const read = readBundle(bundle, new Map([['mine', publicKey]]));
    expect(read).toMatchObject({ id: release().id, signed_by: ['mine'], signatures: ['mine'] });
    expect(read.files.map(({ path, bytes }) => [path, Buffer.from(bytes).toString()])).toEqual(
      files.map(({ path, bytes }) => [path, Buffer.from(bytes).toString()]).sort(),
    );
  });

  test('is signed by nobody where the key is another, the name of the key is another, or none signed', () => {
    const other = generateKeyPairSync('ed25519').publicKey;
    const bundle = writeBundle(release(), signer);
    expect(readBundle(bundle, new Map([['mine', other]])).signed_by).toEqual([]);
    expect(readBundle(bundle, new Map([['theirs', publicKey]])).signed_by).toEqual([]);
    expect(readBundle(writeBundle(release(), null), new Map([['mine', publicKey]])).signed_by).toEqual([]);
  });

  const bundle = JSON.parse(writeBundle(release(), signer));
  const first = Object.keys(bundle.files)[0]!;
  const statement = JSON.parse(Buffer.from(bundle.statement.payload, 'base64').toString());
  const stated = (change: object) => ({
    ...bundle,
    statement: {
      ...bundle.statement,
      payload: Buffer.from(JSON.stringify({ ...statement, ...change })).toString('base64'),
    },
  });
  const sbom = sbomOf({ name: 'notes', version: '1.0' }, '{"lockfileVersion":3,"packages":{}}');
  test.each<[string, unknown]>([
    ['not JSON', 'no bundle'],
    ['another format', { ...bundle, format: 'portreeve-release/2' }],
    ['a member too many', { ...bundle, more: 1 }],
    ['a file was changed', { ...bundle, files: { ...bundle.files, [first]: Buffer.from('evil').toString('base64') } }],
    ['is missing', { ...bundle, files: {} }],
    ['that nothing in it names', { ...bundle, files: { ...bundle.files, [digestOf('x')]: '' } }],
    ['is called', stated({ release: digestOf('other') })],
    ['list of components', { ...bundle, sbom }],
    [
      'a path that leads out',
      stated({ manifest: { ...statement.manifest, files: [{ ...statement.manifest.files[0], path: '../x' }] } }),
    ],
  ])('%s: refused', (_, broken) => {
    const given = typeof broken === 'string' ? broken : JSON.stringify(broken);
    expect(() => readBundle(given, new Map([['mine', publicKey]]))).toThrow(PortreeveError);
  });

  test('what stands in its statement cannot be changed under the signature', () => {
    const tools = [{ ...statement.manifest.tools[0], tier: 1 }];
    const manifest = { ...statement.manifest, tools };
    const forged = stated({ manifest, release: releaseId(manifest) });
    // RFC 8785, as the real one is.
    forged.statement.payload = Buffer.from(
      writeBundlePayload({ ...statement, manifest, release: releaseId(manifest) }),
    ).toString('base64');
    expect(readBundle(JSON.stringify(forged), new Map([['mine', publicKey]])).signed_by).toEqual([]);
  });
});

function writeBundlePayload(value: object): string {
  const sorted = (each: unknown): unknown =>
    Array.isArray(each)
      ? each.map(sorted)
      : typeof each === 'object' && each !== null
        ? Object.fromEntries(
            Object.entries(each)
              .sort(([a], [b]) => (a < b ? -1 : 1))
              .map(([k, v]) => [k, sorted(v)]),
          )
        : each;
  return JSON.stringify(sorted(value));
}

describe('H2: what changes from one release to another', () => {
  const told = (after: Parts, before: Parts = {}) =>
    diffReleases(release(before), release(after)).map(({ area, text: words, loosens }) => [area, words, loosens]);

  test('the same releases: nothing', () => {
    expect(told({})).toEqual([]);
  });

  test.each<[string, Parts, string, boolean]>([
    ['a tier is lowered', { tool: { tier: 2 } }, 'the tool publish_note: /tier from 3 to 2', true],
    ['a tier is raised', { tool: { tier: 4 } }, 'the tool publish_note: /tier from 3 to 4', false],
    ['it acts outside', { tool: { effect: 'external' } }, '/effect from write to external', true],
    [
      'it goes elsewhere',
      { tool: { binding: { ...tool.binding, url: 'system://other/notes' } } },
      '/binding/url',
      true,
    ],
    [
      'more data may leave',
      { tool: { clearance: { confidentiality: 'restricted', categories: [] } } },
      '/clearance',
      true,
    ],
    [
      'less data may leave',
      { tool: { clearance: { confidentiality: 'public', categories: [] } } },
      '/clearance',
      false,
    ],
    [
      'what it returns is said to be public',
      { tool: { secrecy: { confidentiality: 'public', categories: [] } } },
      '/secrecy',
      true,
    ],
    [
      'what it returns is said to be secret',
      { tool: { secrecy: { confidentiality: 'restricted', categories: ['health'] } } },
      '/secrecy',
      false,
    ],
    [
      'its input is said to be secret',
      { contract: { input_secrecy: { confidentiality: 'internal', categories: [] } } },
      '/input_secrecy',
      false,
    ],
    ['a sink is not watched any more', { tool: { sinks: [] } }, '/sinks', true],
    ['a description', { tool: { description: 'Publishes a note.' } }, '/description', false],
    [
      'the workflow is called less risky',
      { contract: { tier: 'low' } },
      'the workflow: /tier from medium to low',
      true,
    ],
    ['more people approve', { contract: { approvers: ['leads', 'all'] } }, '/approvers/1 is new', true],
    ['another model', { models: [{ ...model, model: 'other' }] }, 'the model endpoint main: /model', true],
    ['a further endpoint', { models: [model, { ...model, name: 'second' }] }, 'the model endpoint second is new', true],
    [
      'a prompt',
      { files: [files[0]!, text('prompts/write.md', 'Write.\n'), files[2]!] },
      'prompts/write.md is changed',
      false,
    ],
    ['a test is gone', { files: files.slice(0, 2) }, 'tests/decisions.yaml is gone', true],
  ])('%s', (_, after, words, loosens) => {
    expect(told(after)).toContainEqual([expect.any(String), expect.stringContaining(words), loosens]);
  });

  const args = (properties: object, over: object = {}) => ({ tool: { args: { ...tool.args, properties, ...over } } });
  const { text: given, to } = tool.args.properties;
  test.each<[string, Parts, boolean]>([
    ['a bound is raised', args({ text: { ...given, maxLength: 2000 }, to }), true],
    ['a bound is lowered', args({ text: { ...given, maxLength: 20 }, to }), false],
    ['a bound is gone', args({ text: { type: 'string' }, to }), true],
    ['one value more', args({ text: given, to: { enum: ['team', 'lead', 'world'] } }), true],
    ['one value less', args({ text: given, to: { enum: ['team'] } }), false],
    ['one argument more', args({ text: given, to, cc: { enum: ['team'] } }), true],
    ['one argument less', args({ text: given }), false],
    ['it need not be given', args({ text: given, to }, { required: [] }), true],
    ['anything besides', args({ text: given, to }, { additionalProperties: true }), true],
    ['an argument that is called maxLength', args({ text: given, to, maxLength: { enum: [1] } }), true],
    ['words', args({ text: { ...given, description: 'The text.' }, to }), false],
  ])('arguments: %s', (_, after, loosens) => {
    const changes = told(after).filter(([area, words]) => area === 'tools' && String(words).includes('/args'));
    expect(changes.length).toBeGreaterThan(0);
    expect(changes.some(([, , looser]) => looser)).toBe(loosens);
  });

  test('rules are told by what they decide now', () => {
    const refuse = text(
      'policies/action.cedar',
      '@id("notes.none") @code("none") @reason("None.") @next("Ask.")\nforbid (principal, action, resource);\n',
    );
    const tightened = told({ files: [...files, refuse] });
    expect(tightened).toContainEqual([
      'policies',
      'publish_note by requester everywhere: approve:1 before, refuse now',
      false,
    ]);
    const loosened = told({}, { files: [...files, refuse] });
    expect(loosened).toContainEqual([
      'policies',
      'publish_note by requester everywhere: refuse before, approve:1 now',
      true,
    ]);
  });

  test('the lines of a prompt are shown', () => {
    const after = { files: [files[0]!, text('prompts/write.md', 'Write.\nAt length.\n'), files[2]!] };
    const [prompt] = diffReleases(release(), release(after)).filter(({ area }) => area === 'prompts');
    expect(prompt!.lines).toEqual(['- Briefly.', '+ At length.']);
  });

  test('D1: a prompt that is changed and keeps its version is told as that', () => {
    const prompt = (version: string, words: string): Parts => ({
      files: [text('prompts/write.md', `---\nid: write\nversion: "${version}"\n---\n${words}\nversion: 9\n`)],
    });
    const said = (before: Parts, after: Parts) =>
      told(after, before).flatMap(([area, words]) => (area === 'prompts' ? [words] : []));
    expect(said(prompt('1.0', 'Write.'), prompt('1.0', 'Write at length.'))).toEqual([
      'prompts/write.md is changed, its version (1.0) is not: records of the two cannot be told apart by it',
    ]);
    expect(said(prompt('1.0', 'Write.'), prompt('1.1', 'Write at length.'))).toEqual(['prompts/write.md is changed']);
    const module = (version: string, words: string): Parts => ({
      files: [
        text('prompts/write.ts', `export default definePrompt({\n  version: '${version}',\n  text: '${words}',\n});\n`),
      ],
    });
    expect(said(module('1.0', 'Write.'), module('1.0', 'Write at length.'))).toEqual([
      'prompts/write.ts is changed, its version (1.0) is not: records of the two cannot be told apart by it',
    ]);
    expect(said(module('1.0', 'Write.'), module('1.1', 'Write at length.'))).toEqual(['prompts/write.ts is changed']);
    expect(said(prompt('1.0', 'Write.'), prompt('1.0', 'Write.'))).toEqual([]);
  });

  test('two workflows are not compared', () => {
    expect(() => told({ contract: { name: 'other' } })).toThrow('cannot be compared');
  });
});

test('H1: the components are those that run, with digests, in one order', () => {
  const sha = Buffer.alloc(64, 7);
  const lock = {
    lockfileVersion: 3,
    packages: {
      '': { name: 'root', version: '1.0.0' },
      'node_modules/zod': { version: '4.6.7', license: 'MIT', integrity: `sha512-${sha.toString('base64')}` },
      'node_modules/@a/b': { version: '1.0.0' },
      'node_modules/x/node_modules/zod': { version: '3.0.0' },
      'node_modules/vitest': { version: '5.1.1', dev: true },
      'node_modules/local': { link: true },
    },
  };
  expect(sbomOf({ name: 'notes', version: '1.0' }, JSON.stringify(lock)).components).toEqual([
    { type: 'library', name: '@a/b', version: '1.0.0', purl: 'pkg:npm/%40a/b@1.0.0' },
    { type: 'library', name: 'zod', version: '3.0.0', purl: 'pkg:npm/zod@3.0.0' },
    {
      ...{ type: 'library', name: 'zod', version: '4.6.7', purl: 'pkg:npm/zod@4.6.7' },
      licenses: [{ expression: 'MIT' }],
      hashes: [{ alg: 'SHA-512', content: sha.toString('hex') }],
    },
  ]);
  expect(() => sbomOf({ name: 'n', version: '1' }, '[]')).toThrow('no lockfile');
});
