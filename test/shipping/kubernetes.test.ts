import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { ROOT } from '../repository.ts';
import { type AnyManifest, allows, manifestOf } from './manifests.ts';

const BASE = join(ROOT, 'deploy/kubernetes/base');
const { resources } = z
  .strictObject({
    apiVersion: z.literal('kustomize.config.k8s.io/v1beta1'),
    kind: z.literal('Kustomization'),
    namespace: z.literal('portreeve'),
    resources: z.array(z.string()),
  })
  .parse(parse(readFileSync(join(BASE, 'kustomization.yaml'), 'utf8')));

const manifestsIn = (yaml: string) => parseAllDocuments(yaml, { merge: true }).map((each) => manifestOf(each.toJS()));
const documents = resources.flatMap((file) => manifestsIn(readFileSync(join(BASE, file), 'utf8')));
const ofKind = <K extends AnyManifest['kind']>(kind: K) =>
  documents.filter((each): each is Extract<AnyManifest, { kind: K }> => each.kind === kind);
const workloads = ofKind('StatefulSet');
const policies = ofKind('NetworkPolicy');

test('J5: every manifest has the form of its kind, and a field that is misspelt is seen', () => {
  const present = globSync('*.yaml', { cwd: BASE }).filter((file) => file !== 'kustomization.yaml');
  expect(resources.toSorted()).toEqual(present.sort());
  const server = readFileSync(join(BASE, 'server.yaml'), 'utf8');
  expect(() => manifestsIn(server.replace('readOnlyRootFilesystem', 'readOnlyRootFileSystem'))).toThrow(
    'readOnlyRootFileSystem',
  );
  expect(() => manifestsIn(server.replace('runAsNonRoot: true', 'runAsNonRoot: false'))).toThrow('runAsNonRoot');
});

test('J5: names point at something: settings, service accounts, volumes, ports', () => {
  const settings = ofKind('ConfigMap');
  const accounts = ofKind('ServiceAccount').map((each) => each.metadata.name);
  for (const { spec } of workloads) {
    const pod = spec.template.spec;
    expect(accounts).toContain(pod.serviceAccountName);
    expect(spec.template.metadata.labels).toMatchObject(spec.selector.matchLabels);
    const volumes = [...pod.volumes, ...spec.volumeClaimTemplates.map((each) => each.metadata)].map(
      (each) => each.name,
    );
    for (const container of [...pod.initContainers, ...pod.containers]) {
      for (const mount of container.volumeMounts) expect(volumes).toContain(mount.name);
      for (const { valueFrom } of container.env ?? []) {
        if (!valueFrom) continue;
        const { name, key } = valueFrom.configMapKeyRef;
        expect(settings.find((each) => each.metadata.name === name)?.data).toHaveProperty([key]);
      }
    }
  }
});

test('J5: pods are restricted: non-root, read-only, no capability, no escalation, the profile of the runtime', () => {
  const [namespace] = ofKind('Namespace');
  expect(namespace?.metadata.labels?.['pod-security.kubernetes.io/enforce']).toBe('restricted');
  expect(workloads.map((each) => each.metadata.name)).toEqual([
    'portreeve-server',
    'portreeve-reasoner',
    'portreeve-executor',
  ]);
  for (const { spec } of workloads) {
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
});

test('J5: probes ask addresses that the server has, and only the answer of the process restarts it', () => {
  const api = readFileSync(join(ROOT, 'packages/server/src/http/api.txt'), 'utf8');
  const [server, ...silent] = workloads.map(({ spec }) => spec.template.spec.containers[0]);
  const paths = [server?.startupProbe, server?.livenessProbe, server?.readinessProbe].map((each) => each?.httpGet.path);
  expect(paths).toEqual(['/healthz', '/healthz', '/readyz']);
  for (const path of paths) expect(api).toMatch(new RegExp(`^GET +${path} +public`, 'm'));
  const named = server?.ports?.find((each) => each.name === 'http')?.containerPort;
  expect(named).toBe(7410);
  for (const each of silent)
    expect([each?.ports, each?.startupProbe, each?.livenessProbe, each?.readinessProbe]).toEqual(
      Array(4).fill(undefined),
    );
});

test('F7 J5: nothing is allowed by default, nobody reaches reasoner or executor, and no process reaches another', () => {
  const nothing = policies.find(({ spec }) => Object.keys(spec.podSelector).length === 0);
  expect(nothing?.spec).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
  const pairs = workloads.flatMap((from) => workloads.filter((to) => to !== from).map((to) => [from, to] as const));
  expect(pairs).toHaveLength(6);
  for (const [from, to] of pairs) {
    expect(allows(policies, from, to, 7410), `${from.metadata.name} to ${to.metadata.name}`).toBe(false);
    // Without any policy they would: the question can be answered with yes.
    expect(allows([], from, to, 7410)).toBe(true);
  }
  for (const component of ['reasoner', 'executor']) {
    const own = policies.filter(
      ({ spec }) => spec.podSelector.matchLabels?.['app.kubernetes.io/component'] === component,
    );
    expect(own.map(({ spec }) => spec.ingress)).toEqual([[]]);
  }
  // Only names and the database are for all.
  const all = policies.filter(({ spec }) => Object.keys(spec.podSelector.matchLabels ?? {}).length === 1);
  expect(all.map((each) => each.metadata.name)).toEqual(['names', 'database']);
  for (const { spec } of all) expect(spec.policyTypes).toEqual(['Egress']);
});

test('F13 J5: what leaves for the world goes by TLS, and to no private address or metadata service', () => {
  const blocks = policies.flatMap(({ spec }) =>
    (spec.egress ?? []).filter((rule) => rule.to?.some((peer) => peer.ipBlock)),
  );
  expect(blocks.length).toBe(3);
  for (const { to, ports } of blocks) {
    expect(ports).toEqual([{ protocol: 'TCP', port: 443 }]);
    for (const { ipBlock } of to ?? [])
      expect(ipBlock?.except).toEqual(
        expect.arrayContaining(['10.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16']),
      );
  }
});

const kubectl = existsSync('/usr/bin/kubectl') || existsSync('/usr/local/bin/kubectl');
if (!kubectl) console.log('skipped: kubectl, which renders the example overlay, is not here');

test.skipIf(!kubectl)('J5: the example overlay renders, and changes the image and the settings alone', () => {
  const rendered = execFileSync('kubectl', ['kustomize', join(BASE, '../example')], { encoding: 'utf8' });
  expect(manifestsIn(rendered).length).toBe(documents.length);
  const images = [...rendered.matchAll(/image: (\S+)/g)].map((match) => match[1]);
  expect(new Set(images)).toEqual(new Set([`registry.example.com/portreeve-project@sha256:${'0'.repeat(64)}`]));
});

test('J5: the roles are those that the command has, in Kubernetes as in Compose', () => {
  const roles = workloads.map(({ spec }) => {
    const args = spec.template.spec.containers[0]?.args ?? [];
    return args[args.indexOf('--role') + 1];
  });
  expect(roles).toEqual(['api,gatekeeper', 'reasoner', 'executor']);
  // Who looks for work in the database needs the key that opens it; who signs has it in the state folder.
  const keyed = workloads.filter(({ spec }) => JSON.stringify(spec).includes('ROOT_KEYS_FILE'));
  expect(keyed.map(({ metadata }) => metadata.name)).toEqual(['portreeve-reasoner', 'portreeve-executor']);
});
