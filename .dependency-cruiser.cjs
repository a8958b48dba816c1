/** Which room may import which (docs/architecture.md): domain is imported by all and imports nobody. */
const rooms = {
  domain: [],
  // Proxies and agents: knows nothing of imports.
  network: [],
  // The main entry of the package: small, so that a program that only calls the API loads nothing else.
  client: ['domain', 'images'],
  config: ['domain', 'network', 'alibaba', 'sources'],
  workflows: ['domain'],
  imports: ['domain', 'store'],
  batches: ['domain', 'imports', 'store'],
  activities: ['domain', 'alibaba', 'images', 'resources', 'sources', 'store', 'imports'],
  resources: ['domain', 'alibaba', 'store'],
  alibaba: ['domain', 'network', 'sources'],
  sources: ['domain', 'network'],
  images: ['domain', 'sources'],
  store: ['config', 'domain'],
  temporal: ['config', 'domain'],
  // Health checks, metrics, logs and traces of a process.
  telemetry: ['domain'],
  // Sends events to targets outside; its schemas and routes are in api.
  webhooks: ['domain', 'network', 'sources', 'store'],
  workers: [
    'config',
    'domain',
    'workflows',
    'activities',
    'imports',
    'alibaba',
    'images',
    'sources',
    'store',
    'temporal',
    'telemetry',
  ],
  // Of sources only what encrypts a URL before it is stored.
  api: [
    'config',
    'domain',
    'network',
    'workflows',
    'imports',
    'batches',
    'webhooks',
    'store',
    'temporal',
    'telemetry',
    'alibaba',
    'images',
    'sources',
  ],
  // In the browser. Of client only what runs there too.
  web: ['client', 'domain'],
  local: ['config', 'domain', 'store', 'temporal'],
  cli: [
    'client',
    'config',
    'domain',
    'workflows',
    'imports',
    'batches',
    'api',
    'workers',
    'local',
    'images',
    'sources',
    'alibaba',
    'store',
    'temporal',
    'telemetry',
  ],
  emulator: [],
};
const names = Object.keys(rooms);

const forbidden = Object.entries(rooms).map(([room, allowed]) => ({
  name: `${room}-imports-only-${allowed.join('-') || 'itself'}`,
  severity: 'error',
  from: { path: `^${room}/` },
  to: {
    path: `^(${names.filter((other) => other !== room && !allowed.includes(other)).join('|')}|test|bench|scripts)/`,
    // A workflow may name the types of activities, never their code.
    ...(room === 'workflows' ? { pathNot: '^activities/' } : {}),
  },
}));

module.exports = {
  forbidden: [
    ...forbidden,
    {
      name: 'workflows-import-only-types-of-activities',
      severity: 'error',
      from: { path: '^workflows/' },
      to: { path: '^activities/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'client-imports-only-types-of-images',
      severity: 'error',
      from: { path: '^client/' },
      to: { path: '^images/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'domain-is-pure',
      severity: 'error',
      from: { path: '^domain/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'only-store-speaks-sql',
      severity: 'error',
      from: { pathNot: '^(store|test|bench|local)/' },
      to: { path: 'node_modules/pg/' },
    },
    {
      name: 'only-the-command-starts-the-emulator',
      comment: 'The product imports nothing of the emulator; the command line starts it as a process of its own.',
      severity: 'error',
      from: { pathNot: '^(emulator|test|bench)/' },
      to: { path: '^emulator/' },
    },
    { name: 'no-circular', severity: 'error', from: { pathNot: 'node_modules' }, to: { circular: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
