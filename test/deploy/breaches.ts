/** Charts and values that must be found. */

/** The rule that finds it, and the change to a file of the chart. */
export const breaches: [rule: string, file: string, from: string, to: string][] = [
  ['no root', 'templates/_pod.tpl', 'runAsNonRoot: true', 'runAsNonRoot: false'],
  ['no root', 'templates/_pod.tpl', 'runAsUser: 1000', 'runAsUser: 0'],
  ['read-only root', 'templates/_pod.tpl', 'readOnlyRootFilesystem: true', 'readOnlyRootFilesystem: false'],
  ['no capabilities', 'templates/_pod.tpl', 'drop: [ALL]', 'drop: [NET_RAW]'],
  ['no capabilities', 'templates/_pod.tpl', 'drop: [ALL]', 'drop: [ALL]\n    add: [SYS_ADMIN]'],
  [
    'no escalation',
    'templates/_pod.tpl',
    'allowPrivilegeEscalation: false',
    'allowPrivilegeEscalation: true',
  ],
  ['no escalation', 'templates/_pod.tpl', 'readOnlyRoot', 'privileged: true\n  readOnlyRoot'],
  ['seccomp profile', 'templates/_pod.tpl', 'type: RuntimeDefault', 'type: Unconfined'],
  ['resources with limits', 'templates/relay.yaml', 'resources: {{- toYaml', '#'],
  ['no token of Kubernetes', 'templates/serviceaccount.yaml', 'Token: false', 'Token: true'],
  ['no token of Kubernetes', 'templates/_pod.tpl', 'automountServiceAccountToken: false', ''],
  ['nothing of the node', 'templates/_pod.tpl', 'enableServiceLinks: false', 'hostNetwork: true'],

  ['a program of ours', 'templates/migration.yaml', 'src/migrate.js', 'src/migrations.js'],
  ['probes of the contract', 'templates/deployment.yaml', 'path: /health/ready', 'path: /health'],
  ['probes of the contract', 'templates/deployment.yaml', 'path: /health/live', 'path: /health/ready'],
  ['probes of the contract', 'templates/deployment.yaml', 'port: http }', 'port: web }'],
  ['probes of the contract', 'templates/deployment.yaml', 'startupProbe:', 'x:'],
  ['grace longer than the drain', 'templates/_arithmetic.tpl', '1000)) 15', '1000)) -15'],
  ['grace longer than the drain', 'templates/deployment.yaml', 'terminationGracePeriodSeconds', '#'],
  ['grace longer than the drain', 'templates/_arithmetic.tpl', '1000)) 10', '1000)) -10'],
  [
    'delay as long as balancers need',
    'templates/deployment.yaml',
    'FailureThreshold }}',
    'FailureThreshold }}0',
  ],
  [
    'no preStop',
    'templates/deployment.yaml',
    'ports:\n',
    'lifecycle: { preStop: { sleep: { seconds: 5 } } }\n          ports:\n',
  ],
  [
    'a new pod before an old one stops',
    'templates/deployment.yaml',
    'maxUnavailable: 0',
    'maxUnavailable: 25%',
  ],
  ['a budget of disruptions', 'templates/poddisruptionbudget.yaml', '"component" "api"', '"component" "web"'],

  ['known variables', 'templates/_environment.tpl', 'name: PORT', 'name: HTTP_PORT'],
  ['no variable twice', 'templates/_environment.tpl', 'name: METRICS_PORT', 'name: PORT'],
  ['secrets from secrets', 'templates/relay.yaml', 'name: RELAY_SECRET_FILE', 'name: RELAY_SECRET'],
  ['a database of its own', 'templates/_environment.tpl', 'name: DATABASE_URL', 'name: PGPASSWORD'],
  ['settings that the service takes', 'templates/_arithmetic.tpl', '{{ int64 . }}', '{{ . }}0000000'],

  ['services with pods', 'templates/service.yaml', 'targetPort: http', 'targetPort: web'],
  ['services with pods', 'templates/service.yaml', '"component" "api"', '"component" "web"'],
  ['selectors with pods', 'templates/networkpolicy.yaml', '"component" "api"', '"component" "web"'],
  ['metrics stay inside', 'templates/metrics-service.yaml', 'clusterIP: None', ''],
  ['metrics stay inside', 'templates/ingress.yaml', 'name: http }', 'name: metrics }'],
  ['metrics only for scrapers', 'templates/_network.tpl', '"from" $scrapers', '"from" list'],
  ['a policy for every pod', 'templates/networkpolicy.yaml', '"component" "relay"', '"component" "api"'],
  ['policies in both directions', 'templates/networkpolicy.yaml', '[Ingress, Egress]', '[Ingress]'],
  ['monitors with services', 'templates/metrics-service.yaml', "coupons/metrics: 'true'", ''],
];

/** What Kubernetes does not know, in the schemas of each version. */
export const misspelled: [file: string, from: string, to: string][] = [
  ['templates/deployment.yaml', 'minReadySeconds: 5', 'minReadySecond: 5'],
  ['templates/_pod.tpl', 'maxSkew: 1', "maxSkew: 'one'"],
  ['templates/networkpolicy.yaml', 'policyTypes:', 'policyType:'],
];

/** Values that the chart refuses, with a sentence that names them. */
export const refusedValues: [sentence: RegExp, ...values: string[]][] = [
  [/'replica' not allowed/, 'replica=3'],
  [/SHUTDOWN_DELAY_MS must be at least 20000/, 'settings.SHUTDOWN_DELAY_MS=19999'],
  [/SHUTDOWN_DELAY_MS must be at least 35000/, 'probes.readinessPeriodSeconds=10'],
  [/a rollout may open 100 connections, and database.maxConnections leaves 97/, 'replicas=5'],
  [/a rollout may open 120 connections/, 'settings.WEB_CONCURRENCY=3'],
  [
    /a rollout may open 160 connections/,
    ...['autoscaling.enabled=true', 'autoscaling.maxReplicas=8', 'replicas=1'],
  ],
  [
    /a rollout may open 100 connections/,
    ...['replicas=4', 'relay.enabled=true', 'relay.url=https://shop.example', 'relay.secret.name=webhook'],
  ],
  [/everyone could create coupons/, 'ingress.enabled=true', 'ingress.host=coupons.example.com'],
  [/everyone could create coupons/, 'service.type=LoadBalancer'],
  [/everyone could create coupons/, 'service.type=NodePort', 'apiKeys.secret=keys', 'apiKeys.admin='],
  [/ingress.host is required/, 'ingress.enabled=true', 'apiKeys.open=true'],
  [/relay.url and relay.secret.name are required/, 'relay.enabled=true'],
  [
    /cannot run with settings.DATABASE_POOLER/,
    ...['relay.enabled=true', 'relay.url=https://shop.example', 'relay.secret.name=webhook'],
    'settings.DATABASE_POOLER=true',
  ],
  [
    /minReplicas must not be more than/,
    ...['autoscaling.enabled=true', 'autoscaling.minReplicas=4', 'autoscaling.maxReplicas=3'],
  ],
  [/serviceMonitor needs metrics.enabled/, 'metrics.enabled=false', 'metrics.serviceMonitor.enabled=true'],
];
