import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { ROOT } from '../repository.ts';
import { kustomizationOf, patched, type Rendered, render } from './kustomize.ts';
import { type AnyManifest, allows, manifestOf, type Workload } from './manifests.ts';

const FOLDER = join(ROOT, 'deploy/kubernetes');
const WORKLOADS = ['StatefulSet', 'Deployment', 'Job'];

/** What a folder comes to, with what the tests ask of it. */
function layoutOf(folder: string) {
  const documents = render(join(FOLDER, folder)).map(manifestOf);
  const ofKind = <K extends AnyManifest['kind']>(kind: K) =>
    documents.filter((each): each is Extract<AnyManifest, { kind: K }> => each.kind === kind);
  const workloads = documents.filter((each): each is Workload => WORKLOADS.includes(each.kind));
  return { documents, ofKind, workloads, policies: ofKind('NetworkPolicy') };
}
const base = layoutOf('base');
const apart = layoutOf('apart');
const migrate = layoutOf('migrate');

const nameOf = ({ metadata }: AnyManifest) => metadata.name;
const containerOf = ({ spec }: Workload) => spec.template.spec.containers[0]!;
const variableOf = (workload: Workload, name: string) => containerOf(workload).env?.find((each) => each.name === name);

/** The ways to run it: what runs on with the role of each, who listens, and who takes the root key from a secret. */
const LAYOUTS = [
  {
    ...{ name: 'base', of: base },
    roles: {
      'portreeve-server': 'api,gatekeeper',
      'portreeve-reasoner': 'reasoner',
      'portreeve-executor': 'executor',
    },
    listens: 'portreeve-server',
    keyed: ['portreeve-executor', 'portreeve-reasoner'],
  },
  {
    ...{ name: 'apart', of: apart },
    roles: {
      'portreeve-reasoner': 'reasoner',
      'portreeve-executor': 'executor',
      'portreeve-api': 'api',
      'portreeve-gatekeeper': 'gatekeeper',
    },
    listens: 'portreeve-api',
    keyed: ['portreeve-api', 'portreeve-executor', 'portreeve-reasoner'],
  },
];
const ALL = [...LAYOUTS, { name: 'migrate', of: migrate }];

const manifestsIn = (yaml: string) => parseAllDocuments(yaml, { merge: true }).map((each) => manifestOf(each.toJS()));

test('J5: every manifest has the form of its kind, and a field that is misspelt is seen', () => {
  for (const folder of ['base', 'apart', 'migrate']) {
    const present = globSync('*.yaml', { cwd: join(FOLDER, folder) }).filter((file) => file !== 'kustomization.yaml');
    const { resources } = kustomizationOf(join(FOLDER, folder));
    expect(resources.filter((each) => each.endsWith('.yaml')).sort()).toEqual(present.sort());
  }
  const misspelt = (file: string, from: string, to: string) => () =>
    manifestsIn(readFileSync(join(FOLDER, file), 'utf8').replace(from, to));
  for (const file of ['base/server.yaml', 'apart/api.yaml', 'apart/gatekeeper.yaml', 'migrate/job.yaml']) {
    expect(misspelt(file, 'readOnlyRootFilesystem', 'readOnlyRootFileSystem')).toThrow('readOnlyRootFileSystem');
    expect(misspelt(file, 'runAsNonRoot: true', 'runAsNonRoot: false')).toThrow('runAsNonRoot');
  }
  // One that keeps its keys in its volume is one; a budget is for several.
  expect(misspelt('apart/gatekeeper.yaml', 'replicas: 1', 'replicas: 2')).toThrow('replicas');
  expect(misspelt('apart/api.yaml', 'replicas: 2', 'replicas: 1')).toThrow('replicas');
  expect(misspelt('migrate/job.yaml', 'restartPolicy: Never', 'restartPolicy: Always')).toThrow('restartPolicy');
});

test('J5: a patch that meets nothing is seen, where kustomize is silent', () => {
  const documents = render(join(FOLDER, 'base'));
  const patch = '- op: remove\n  path: /data/SERVER_DATABASE_URL\n';
  const at =
    (name: string, text = patch) =>
    () =>
      patched(documents, { target: { kind: 'ConfigMap', name }, patch: text });
  expect(at('portreeve-settings')).not.toThrow();
  expect(at('portreeve-setting')).toThrow('no ConfigMap portreeve-setting');
  expect(at('portreeve-settings', patch.replace('SERVER', 'SERVERS'))).toThrow('no /data/SERVERS_DATABASE_URL');
});

test.each(ALL)('J5: names point at something in $name: settings, service accounts, volumes, pods', ({ of }) => {
  const { ofKind, workloads } = of;
  const settings = ofKind('ConfigMap');
  const accounts = ofKind('ServiceAccount').map(nameOf);
  // Each has its own, and none is left over.
  expect(workloads.map(({ spec }) => spec.template.spec.serviceAccountName).sort()).toEqual(accounts.sort());
  const taken = workloads.flatMap((workload) => {
    const { template } = workload.spec;
    if ('selector' in workload.spec) expect(template.metadata.labels).toMatchObject(workload.spec.selector.matchLabels);
    const claims = 'volumeClaimTemplates' in workload.spec ? workload.spec.volumeClaimTemplates : [];
    const volumes = [...template.spec.volumes, ...claims.map((each) => each.metadata)].map((each) => each.name);
    const containers = [...template.spec.initContainers, ...template.spec.containers];
    const mounted = new Set(containers.flatMap((each) => each.volumeMounts.map((mount) => mount.name)));
    expect([...mounted].sort()).toEqual(volumes.sort());
    return containers.flatMap(({ env = [] }) =>
      env.flatMap(({ valueFrom }) => (valueFrom ? [valueFrom.configMapKeyRef] : [])),
    );
  });
  for (const { name, key } of taken)
    expect(settings.find((each) => each.metadata.name === name)?.data).toHaveProperty([key]);
  for (const { metadata, data } of settings)
    expect([...new Set(taken.filter(({ name }) => name === metadata.name).map(({ key }) => key))].sort()).toEqual(
      Object.keys(data).sort(),
    );
  const chosen = (labels: Record<string, string>) =>
    workloads.filter(({ spec }) =>
      Object.entries(labels).every(([key, value]) => spec.template.metadata.labels[key] === value),
    );
  for (const { spec } of ofKind('Service')) expect(chosen(spec.selector)).toHaveLength(1);
  for (const { spec } of ofKind('PodDisruptionBudget'))
    expect(chosen(spec.selector.matchLabels).map(({ kind }) => kind)).toEqual(['Deployment']);
});

test.each(ALL)(
  'J5: pods of $name are restricted: non-root, read-only, no capability, no escalation, the profile of the runtime',
  ({ of }) => {
    expect(of.workloads.length).toBeGreaterThan(0);
    for (const { spec } of of.workloads) {
      const pod = spec.template.spec;
      expect(pod.automountServiceAccountToken).toBe(false);
      expect(pod.securityContext).toMatchObject({
        runAsNonRoot: true,
        runAsUser: 10_001,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      for (const container of [...pod.initContainers, ...pod.containers]) {
        expect(container.securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          runAsNonRoot: true,
          capabilities: { drop: ['ALL'] },
        });
        expect(container.resources.limits.memory).toBeDefined();
        const variables = (container.env ?? []).flatMap(({ name, value }) =>
          value === undefined ? [] : [[name, value]],
        );
        expect(variables.filter(([, value]) => !/^(\/run\/portreeve\/|--permission )/.test(value ?? ''))).toEqual([]);
      }
    }
  },
);

test('J5: the namespace enforces that pods are restricted', () => {
  for (const { of } of LAYOUTS) {
    const [namespace] = of.ofKind('Namespace');
    expect(namespace?.metadata.labels?.['pod-security.kubernetes.io/enforce']).toBe('restricted');
  }
});

test.each(LAYOUTS)(
  'J5: probes of $name ask addresses that the api has, and only the answer of the process restarts it',
  ({ of, listens }) => {
    const api = readFileSync(join(ROOT, 'packages/server/src/http/api.txt'), 'utf8');
    const listening = containerOf(of.workloads.find((each) => nameOf(each) === listens)!);
    const probes = [listening.startupProbe, listening.livenessProbe, listening.readinessProbe];
    const paths = probes.map((each) => each?.httpGet.path);
    expect(paths).toEqual(['/healthz', '/healthz', '/readyz']);
    for (const path of paths) expect(api).toMatch(new RegExp(`^GET +${path} +public`, 'm'));
    expect(listening.ports?.find((each) => each.name === 'http')?.containerPort).toBe(7410);
    for (const each of of.workloads.map(containerOf).filter((one) => one !== listening))
      expect([each.ports, each.startupProbe, each.livenessProbe, each.readinessProbe]).toEqual(
        Array(4).fill(undefined),
      );
    const services = of.ofKind('Service').filter(({ spec }) => spec.ports);
    expect(services.map(nameOf)).toEqual(['portreeve']);
    const { selector } = services[0]!.spec;
    const chosen = of.workloads.filter(({ spec }) =>
      expect.objectContaining(selector).asymmetricMatch(spec.template.metadata.labels),
    );
    expect(chosen.map(nameOf)).toEqual([listens]);
  },
);

test.each(LAYOUTS)(
  'F7 J5: in $name nothing is allowed by default, nobody reaches who does not listen, and no process reaches another',
  ({ of, listens }) => {
    const { policies } = of;
    // The migration runs under the policies of the others.
    const workloads = [...of.workloads, ...migrate.workloads];
    const nothing = policies.find(({ spec }) => Object.keys(spec.podSelector).length === 0);
    expect(nothing?.spec).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
    const pairs = workloads.flatMap((from) => workloads.filter((to) => to !== from).map((to) => [from, to] as const));
    expect(pairs).toHaveLength(workloads.length * (workloads.length - 1));
    for (const [from, to] of pairs) {
      expect(allows(policies, from, to, 7410), `${nameOf(from)} to ${nameOf(to)}`).toBe(false);
      // Without any policy they would: the question can be answered with yes.
      expect(allows([], from, to, 7410)).toBe(true);
    }
    const componentOf = (name: string) => name.replace('portreeve-', '');
    const own = (name: string) =>
      policies.filter(
        ({ spec }) => spec.podSelector.matchLabels?.['app.kubernetes.io/component'] === componentOf(name),
      );
    for (const workload of of.workloads.map(nameOf)) {
      const [ingress, ...more] = own(workload).map(({ spec }) => spec.ingress);
      expect(more).toEqual([]);
      expect(ingress?.length).toBe(workload === listens ? 1 : 0);
    }
    const [{ from, ports } = { from: [], ports: undefined }] = own(listens)[0]?.spec.ingress ?? [];
    expect(ports).toEqual([{ protocol: 'TCP', port: 7410 }]);
    expect(from).toEqual([
      {
        namespaceSelector: {
          matchExpressions: [{ key: 'portreeve/role', operator: 'In', values: ['ingress', 'downstream'] }],
        },
      },
    ]);
    // Only names and the database are for all, and the migration has nothing else.
    const all = policies.filter(({ spec }) => Object.keys(spec.podSelector.matchLabels ?? {}).length === 1);
    expect(all.map(nameOf)).toEqual(['names', 'database']);
    for (const { spec } of all) expect(spec.policyTypes).toEqual(['Egress']);
    expect(own('portreeve-migrate')).toEqual([]);
    // None is left over for a process that is not there.
    expect(policies.length).toBe(of.workloads.length + all.length + 1);
  },
);

test.each(LAYOUTS)(
  'F13 J5: what leaves $name for the world goes by TLS, and to no private address or metadata service',
  ({ of }) => {
    const blocks = of.policies.flatMap(({ spec }) =>
      (spec.egress ?? []).filter((rule) => rule.to?.some((peer) => peer.ipBlock)),
    );
    expect(blocks.length).toBe(of.workloads.length);
    for (const { to, ports } of blocks) {
      expect(ports).toEqual([{ protocol: 'TCP', port: 443 }]);
      for (const { ipBlock } of to ?? [])
        expect(ipBlock?.except).toEqual(
          expect.arrayContaining(['10.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16']),
        );
    }
  },
);

const IMAGE = `registry.example.com/portreeve-project@sha256:${'0'.repeat(64)}`;
const EXAMPLES = [
  { example: 'example', of: 'base' },
  { example: 'example-apart', of: 'apart' },
  { example: 'example-apart/migrate', of: 'migrate' },
];

test.each(EXAMPLES)('J5: $example changes the image and the settings of $of alone', ({ example, of }) => {
  const plain = (documents: readonly Rendered[]) =>
    JSON.stringify(documents)
      .replaceAll(IMAGE, 'portreeve-project')
      .replaceAll(/"(EXECUTOR|GRANT)_KEY":"[\w-]*"/g, '"$1_KEY":""');
  const [changed, unchanged] = [render(join(FOLDER, example)), render(join(FOLDER, of))];
  expect(plain(changed)).toBe(plain(unchanged));
  const images = changed.map(manifestOf).flatMap((each) => {
    if (!WORKLOADS.includes(each.kind)) return [];
    const { initContainers, containers } = (each as Workload).spec.template.spec;
    return [...initContainers, ...containers].map(({ image }) => image);
  });
  expect(new Set(images)).toEqual(new Set([IMAGE]));
});

const kubectl = existsSync('/usr/bin/kubectl') || existsSync('/usr/local/bin/kubectl');
if (!kubectl) console.log('skipped: kubectl, which renders the overlays itself, is not here');

test.skipIf(!kubectl).each(EXAMPLES)('J5: kubectl renders $example as these tests do', ({ example }) => {
  const rendered = execFileSync('kubectl', ['kustomize', join(FOLDER, example)], { encoding: 'utf8' });
  const sorted = (documents: readonly { kind: string; metadata: { name: string } }[]) =>
    documents.toSorted((a, b) => (a.kind + a.metadata.name < b.kind + b.metadata.name ? -1 : 1));
  expect(sorted(manifestsIn(rendered))).toEqual(sorted(render(join(FOLDER, example))));
});

test.each(LAYOUTS)('J5: the roles of $name are those that the command has', ({ of, roles, keyed }) => {
  const found = of.workloads.map((each) => {
    const { args = [] } = containerOf(each);
    return [nameOf(each), args[args.indexOf('--role') + 1]];
  });
  expect(Object.fromEntries(found)).toEqual(roles);
  // Who looks for work in the database needs the key that opens it; who signs has it in the state folder.
  const taking = of.workloads.filter((each) => variableOf(each, 'ROOT_KEYS_FILE'));
  expect(taking.map(nameOf).sort()).toEqual(keyed);
});

test('J2 J5: apart, each process has a database user of its own, and the owner of the tables runs none', () => {
  const userOf = (of: typeof base) => (workload: Workload) => {
    const { name, key } = variableOf(workload, 'DATABASE_URL')!.valueFrom!.configMapKeyRef;
    return new URL(of.ofKind('ConfigMap').find((each) => nameOf(each) === name)!.data[key]!).username;
  };
  const users = apart.workloads.map(userOf(apart));
  expect(users.sort()).toEqual(['api', 'executor', 'gatekeeper', 'reasoner']);
  const [owner] = migrate.workloads.map(userOf(migrate));
  expect(owner).toBe('portreeve');
  expect(base.workloads.map(userOf(base))).toContain(owner);
});

test('J2 J5: the api is several without a volume, and takes one key of the gatekeeper’s, which nobody else is given', () => {
  const secretsOf = ({ spec }: Workload) =>
    spec.template.spec.volumes.flatMap((each) => ('secret' in each ? [each.secret.secretName] : []));
  const given = new Map(apart.workloads.map((each) => [nameOf(each), secretsOf(each)]));
  expect(given.get('portreeve-api')).toEqual(['portreeve-api', 'portreeve-redaction']);
  for (const other of ['gatekeeper', 'reasoner', 'executor'])
    expect(given.get(`portreeve-${other}`)).toEqual([`portreeve-${other}`]);
  const api = apart.workloads.find((each) => nameOf(each) === 'portreeve-api')!;
  const taking = api.spec.template.spec.initContainers.find((each) => each.name === 'take-redaction-key');
  // Where `loadApiKeys` looks for it, below the state folder that the entrypoint of the image names.
  expect(taking?.command?.at(-1)).toBe('/var/lib/portreeve/keys');
  const place = containerOf(api).volumeMounts.find((each) => each.mountPath === '/var/lib/portreeve/keys');
  expect(api.spec.template.spec.volumes.find((each) => each.name === place?.name)).toEqual({
    name: 'keys',
    emptyDir: { medium: 'Memory', sizeLimit: '1Mi' },
  });
});
