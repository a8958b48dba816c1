/** Checks the chart: lint, manifests of several values against the schemas of Kubernetes, and values that it must refuse. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { OpsCheck } from './check.js';
import { goTool, run } from './tools.js';

const HELM = 'helm.sh/helm/v3/cmd/helm@v3.22.0';
const VALIDATE = 'sigs.k8s.io/kubectl-validate@v0.0.4';
/** The oldest and the newest version whose schemas the validator has. */
const NEWEST = '1.30';
const KUBERNETES = ['1.27', NEWEST];
/** Objects of other programs: Kubernetes has no schema for them. */
const FOREIGN = /^(monitoring\.coreos\.com|keda\.sh)\//;
const chart = path.resolve(import.meta.dirname, '../../integrations/helm/ecs-image-import');
const values = () => readdirSync(path.join(chart, 'ci')).map((name) => path.join(chart, 'ci', name));

const manifestSchema = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.object({ name: z.string() }),
  spec: z.unknown().optional(),
});
type Manifest = z.infer<typeof manifestSchema>;

const helm = (...args: readonly string[]) => run(goTool('helm', HELM), args);

function render(file: string): readonly Manifest[] {
  const text = helm('template', 'images', chart, '--namespace', 'images', '--kube-version', NEWEST, '--values', file);
  return parseAllDocuments(text)
    .map((document) => document.toJS())
    .filter((document) => document !== null)
    .map((document) => manifestSchema.parse(document));
}

/** What the schemas of Kubernetes do not know: each pod has few rights, and refers only to what exists. */
function checkPods(file: string, manifests: readonly Manifest[]): void {
  const podSchema = z.object({
    template: z.object({
      metadata: z.object({ labels: z.record(z.string(), z.string()) }),
      spec: z.object({
        automountServiceAccountToken: z.literal(false),
        securityContext: z.object({ runAsNonRoot: z.literal(true), runAsUser: z.literal(1000) }),
        volumes: z.array(z.object({ name: z.string() })),
        containers: z.array(
          z.object({
            securityContext: z.object({
              allowPrivilegeEscalation: z.literal(false),
              readOnlyRootFilesystem: z.literal(true),
              capabilities: z.object({ drop: z.tuple([z.literal('ALL')]) }),
            }),
            resources: z.object({ requests: z.object({}).loose(), limits: z.object({ memory: z.string() }) }),
            env: z.array(z.object({ name: z.string() })),
            volumeMounts: z.array(z.object({ name: z.string() })),
          }),
        ),
      }),
    }),
  });
  for (const { kind, metadata, spec } of manifests) {
    if (!['Deployment', 'DaemonSet', 'Job'].includes(kind)) continue;
    const place = `${path.basename(file)}: ${kind} ${metadata.name}`;
    const pod = podSchema.safeParse(spec);
    if (!pod.success) throw new Error(`${place}: ${pod.error.message}`);
    const volumes = pod.data.template.spec.volumes.map(({ name }) => name);
    for (const { env, volumeMounts } of pod.data.template.spec.containers) {
      const mounted = volumeMounts.map(({ name }) => name);
      const unknown = [
        ...mounted.filter((name) => !volumes.includes(name)),
        ...volumes.filter((name) => !mounted.includes(name)),
      ];
      if (unknown.length > 0)
        throw new Error(`${place}: volumes without a mount, or mounts without a volume: ${unknown.join(', ')}`);
      const names = env.map(({ name }) => name);
      const twice = names.filter((name, at) => names.indexOf(name) !== at);
      if (twice.length > 0) throw new Error(`${place}: variables that are set twice: ${twice.join(', ')}`);
    }
  }
}

/** Values that must be refused, and a part of the message. */
const REFUSED: readonly (readonly [string, RegExp])[] = [
  ['temporal: { address: "temporal:7233" }', /database.*host/s],
  ['database: { host: db }', /temporal.*address/s],
  ['database: { host: db }\ntemporal: { address: "temporal:7233" }\napi: { tlsSecret: "" }', /requests carry keys/],
  ['database: { host: db }\ntemporal: { address: "temporal:7233" }\napi: { replica: 2 }', /replica/],
  ['database: { host: db, password: secret }\ntemporal: { address: "temporal:7233" }', /password/],
];

export const HELM_CHECKS: readonly OpsCheck[] = [
  {
    name: 'helm lint',
    run: async () => {
      for (const file of values()) helm('lint', '--strict', chart, '--values', file);
    },
  },
  {
    name: 'helm refuses wrong values',
    run: async () => {
      const folder = mkdtempSync(path.join(os.tmpdir(), 'values-'));
      try {
        for (const [text, expected] of REFUSED) {
          const file = path.join(folder, 'values.yaml');
          writeFileSync(file, text);
          let message = '';
          try {
            helm('template', 'images', chart, '--kube-version', NEWEST, '--values', file);
          } catch (error) {
            message = error instanceof Error ? error.message : String(error);
          }
          if (!expected.test(message))
            throw new Error(`values were not refused with ${expected}:\n${text}\n${message}`);
        }
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  },
  {
    name: 'kubernetes manifests',
    run: async () => {
      const validator = goTool('kubectl-validate', VALIDATE);
      const folder = mkdtempSync(path.join(os.tmpdir(), 'manifests-'));
      try {
        for (const file of values()) {
          const manifests = render(file);
          checkPods(file, manifests);
          const own = manifests.filter(({ apiVersion }) => !FOREIGN.test(apiVersion));
          for (const [at, manifest] of own.entries()) {
            writeFileSync(path.join(folder, `${path.basename(file, '.yaml')}-${at}.json`), JSON.stringify(manifest));
          }
          console.log(
            `${path.basename(file)}: ${own.length} manifests, and ${manifests.length - own.length} of other programs`,
          );
        }
        for (const version of KUBERNETES) run(validator, ['--version', version, folder]);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  },
];
