import { z } from 'zod';

/**
 * The parts of the Kubernetes API that our manifests use, closed: a field that is misspelt, or was not thought of here,
 * fails. The API server drops unknown fields without a word, and a security context that is misspelt protects nothing.
 */
const labels = z.record(z.string(), z.string());
const name = z.string().regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/);
const metadata = z.strictObject({ name, namespace: z.literal('portreeve').optional(), labels: labels.optional() });
const quantity = z.string().regex(/^\d+(m|Mi|Gi)?$/);
const resources = z.strictObject({
  requests: z.strictObject({ cpu: quantity, memory: quantity }),
  limits: z.strictObject({ memory: quantity }),
});
const probe = z.strictObject({
  httpGet: z.strictObject({ path: z.string().startsWith('/'), port: z.string() }),
  periodSeconds: z.int().min(1),
  timeoutSeconds: z.int().min(1).optional(),
  failureThreshold: z.int().min(1).optional(),
});
const container = z.strictObject({
  name,
  image: z.string(),
  command: z.array(z.string()).optional(),
  args: z.array(z.string()).optional(),
  env: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[A-Z_]+$/),
        value: z.string().optional(),
        valueFrom: z.strictObject({ configMapKeyRef: z.strictObject({ name, key: z.string() }) }).optional(),
      }),
    )
    .optional(),
  ports: z.array(z.strictObject({ name, containerPort: z.int().min(1024).max(65_535) })).optional(),
  startupProbe: probe.optional(),
  livenessProbe: probe.optional(),
  readinessProbe: probe.optional(),
  securityContext: z.strictObject({
    allowPrivilegeEscalation: z.literal(false),
    readOnlyRootFilesystem: z.literal(true),
    runAsNonRoot: z.literal(true),
    capabilities: z.strictObject({ drop: z.tuple([z.literal('ALL')]) }),
  }),
  resources,
  volumeMounts: z.array(
    z.strictObject({ name, mountPath: z.string().startsWith('/'), readOnly: z.boolean().optional() }),
  ),
});
const volume = z.union([
  z.strictObject({ name, secret: z.strictObject({ secretName: name, defaultMode: z.literal(0o440) }) }),
  z.strictObject({ name, emptyDir: z.strictObject({ medium: z.literal('Memory').optional(), sizeLimit: quantity }) }),
]);
const pod = z.strictObject({
  serviceAccountName: name,
  automountServiceAccountToken: z.literal(false),
  enableServiceLinks: z.literal(false),
  terminationGracePeriodSeconds: z.int().min(1),
  securityContext: z.strictObject({
    runAsNonRoot: z.literal(true),
    runAsUser: z.int().min(1000),
    runAsGroup: z.int().min(1000),
    fsGroup: z.int().min(1000),
    fsGroupChangePolicy: z.literal('OnRootMismatch'),
    seccompProfile: z.strictObject({ type: z.literal('RuntimeDefault') }),
  }),
  topologySpreadConstraints: z
    .array(
      z.strictObject({
        maxSkew: z.literal(1),
        topologyKey: z.literal('kubernetes.io/hostname'),
        whenUnsatisfiable: z.literal('ScheduleAnyway'),
        labelSelector: z.strictObject({ matchLabels: labels }),
      }),
    )
    .optional(),
  initContainers: z.array(container),
  containers: z.array(container).length(1),
  volumes: z.array(volume),
});
const selector = z.strictObject({
  matchLabels: labels.optional(),
  matchExpressions: z
    .array(z.strictObject({ key: z.string(), operator: z.literal('In'), values: z.array(z.string()).min(1) }))
    .optional(),
});
const peer = z.strictObject({
  namespaceSelector: selector.optional(),
  podSelector: selector.optional(),
  ipBlock: z.strictObject({ cidr: z.cidrv4(), except: z.array(z.cidrv4()) }).optional(),
});
const ports = z
  .array(z.strictObject({ protocol: z.enum(['TCP', 'UDP']), port: z.int().min(1).max(65_535) }))
  .optional();

const template = z.strictObject({ metadata: z.strictObject({ labels }), spec: pod });
/** What keeps something in a volume of its own: one. */
const statefulSet = z.strictObject({
  apiVersion: z.literal('apps/v1'),
  kind: z.literal('StatefulSet'),
  metadata,
  spec: z.strictObject({
    replicas: z.literal(1),
    serviceName: name,
    selector: z.strictObject({ matchLabels: labels }),
    template,
    volumeClaimTemplates: z.array(
      z.strictObject({
        metadata: z.strictObject({ name }),
        spec: z.strictObject({
          accessModes: z.tuple([z.literal('ReadWriteOncePod')]),
          resources: z.strictObject({ requests: z.strictObject({ storage: quantity }) }),
        }),
      }),
    ),
  }),
});
/** What keeps nothing: several, of which one may be away. */
const deployment = z.strictObject({
  apiVersion: z.literal('apps/v1'),
  kind: z.literal('Deployment'),
  metadata,
  spec: z.strictObject({
    replicas: z.int().min(2),
    strategy: z.strictObject({
      type: z.literal('RollingUpdate'),
      rollingUpdate: z.strictObject({ maxSurge: z.literal(1), maxUnavailable: z.literal(0) }),
    }),
    selector: z.strictObject({ matchLabels: labels }),
    template,
  }),
});
/** What is done once. */
const job = z.strictObject({
  apiVersion: z.literal('batch/v1'),
  kind: z.literal('Job'),
  metadata,
  spec: z.strictObject({
    backoffLimit: z.int().max(6),
    ttlSecondsAfterFinished: z.int().min(1),
    template: template.extend({ spec: pod.extend({ restartPolicy: z.literal('Never') }) }),
  }),
});
const policy = z.strictObject({
  apiVersion: z.literal('networking.k8s.io/v1'),
  kind: z.literal('NetworkPolicy'),
  metadata,
  spec: z.strictObject({
    podSelector: selector,
    policyTypes: z.array(z.enum(['Ingress', 'Egress'])).min(1),
    ingress: z.array(z.strictObject({ from: z.array(peer).min(1), ports })).optional(),
    egress: z.array(z.strictObject({ to: z.array(peer).min(1), ports })).optional(),
  }),
});

export const manifestSchemas = {
  Namespace: z.strictObject({ apiVersion: z.literal('v1'), kind: z.literal('Namespace'), metadata }),
  ConfigMap: z.strictObject({ apiVersion: z.literal('v1'), kind: z.literal('ConfigMap'), metadata, data: labels }),
  ServiceAccount: z.strictObject({
    ...{ apiVersion: z.literal('v1'), kind: z.literal('ServiceAccount'), metadata },
    automountServiceAccountToken: z.literal(false),
  }),
  Service: z.strictObject({
    ...{ apiVersion: z.literal('v1'), kind: z.literal('Service'), metadata },
    spec: z.strictObject({
      clusterIP: z.literal('None').optional(),
      selector: labels,
      sessionAffinity: z.literal('ClientIP').optional(),
      ports: z.array(z.strictObject({ name, port: z.int(), targetPort: z.string() })).optional(),
    }),
  }),
  StatefulSet: statefulSet,
  Deployment: deployment,
  Job: job,
  PodDisruptionBudget: z.strictObject({
    ...{ apiVersion: z.literal('policy/v1'), kind: z.literal('PodDisruptionBudget'), metadata },
    spec: z.strictObject({ maxUnavailable: z.literal(1), selector: z.strictObject({ matchLabels: labels }) }),
  }),
  NetworkPolicy: policy,
};

export type Workload = z.infer<typeof statefulSet> | z.infer<typeof deployment> | z.infer<typeof job>;
export type Policy = z.infer<typeof policy>;
export type AnyManifest = z.infer<(typeof manifestSchemas)[keyof typeof manifestSchemas]>;

/** Parses one document by the schema of its kind. Throws, naming the field, where it is not of that form. */
export function manifestOf(document: { readonly kind?: unknown }): AnyManifest {
  const schema = Object.entries(manifestSchemas).find(([kind]) => kind === document.kind)?.[1];
  if (!schema) throw new Error(`no schema for the kind ${document.kind}`);
  return schema.parse(document);
}

/** Whether a pod of one workload may begin a connection to another in the same namespace, as Kubernetes reads policies. */
export function allows(policies: readonly Policy[], from: Workload, to: Workload, port: number): boolean {
  const of = (workload: Workload, type: 'Ingress' | 'Egress') =>
    policies.filter(({ spec }) => spec.policyTypes.includes(type) && chooses(spec.podSelector, workload));
  // A peer in our own namespace is one that no namespace selector or address stands before.
  const inside = (peers: readonly z.infer<typeof peer>[], other: Workload) =>
    peers.some(
      (each) => !each.namespaceSelector && !each.ipBlock && each.podSelector && chooses(each.podSelector, other),
    );
  const open = (list: z.infer<typeof ports>) => list === undefined || list.some((each) => each.port === port);
  const [leaving, entering] = [of(from, 'Egress'), of(to, 'Ingress')];
  const leaves =
    leaving.length === 0 ||
    leaving.some(({ spec }) => spec.egress?.some((rule) => open(rule.ports) && inside(rule.to, to)));
  const enters =
    entering.length === 0 ||
    entering.some(({ spec }) => spec.ingress?.some((rule) => open(rule.ports) && inside(rule.from, from)));
  return leaves && enters;
}

function chooses({ matchLabels = {} }: z.infer<typeof selector>, { spec }: Workload): boolean {
  return Object.entries(matchLabels).every(([key, value]) => spec.template.metadata.labels[key] === value);
}
