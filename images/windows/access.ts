/** Checks remote access and cloud integration: Remote Desktop, firewall, cloudbase-init, Cloud Assistant, addresses, disks. */
import type { FindingList } from '../findings.js';
import { controlKey, softwareKey, type Windows } from './find-windows.js';

const DISABLED = 4;
const RDP_PORT = 3389;
const INSTALL_CLOUD_ASSISTANT =
  'Optional: install it in the guest (Alibaba Cloud: "Install the Cloud Assistant Agent"). The boot does not need it.';

export function checkRemoteDesktop(windows: Windows, findings: FindingList): void {
  const server = controlKey(windows, 'Control\\Terminal Server');
  const service = controlKey(windows, 'Services\\TermService');
  const listener = controlKey(windows, 'Control\\Terminal Server\\WinStations\\RDP-Tcp');
  const port = listener.key?.number('PortNumber') ?? RDP_PORT;
  const policy = softwareKey(windows, 'Policies\\Microsoft\\Windows NT\\Terminal Services');
  const effective = policy.key?.number('fDenyTSConnections') == null ? server : policy;
  const denied = effective.key?.number('fDenyTSConnections') ?? null;
  if (denied !== 0) {
    findings.add(
      'warning',
      'ECSIMPORT.RemoteDesktop',
      'Remote Desktop is disabled: the instance is reachable only through the cloud console',
      `${effective.path}: fDenyTSConnections=${denied ?? 'none'}`,
      'Run in the guest: reg add "HKLM\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server" /v fDenyTSConnections /t REG_DWORD /d 0 /f; netsh advfirewall firewall set rule group="remote desktop" new enable=yes',
    );
    return;
  }
  if (service.key?.number('Start') === DISABLED) {
    const message = 'Remote Desktop is enabled, but its service TermService is disabled';
    const remedy = 'Run in the guest: sc.exe config TermService start= demand';
    findings.add('warning', 'ECSIMPORT.RemoteDesktop', message, `${service.path}: Start=4`, remedy);
    return;
  }
  const message = `Remote Desktop is enabled on port ${port}`;
  findings.add('info', 'ECSIMPORT.RemoteDesktop', message, `${effective.path}: fDenyTSConnections=0`, '');
  checkFirewall(windows, port, findings);
}

/** Checks the public profile: Windows assigns a new network adapter to it by default. */
function checkFirewall(windows: Windows, port: number, findings: FindingList): void {
  const local = controlKey(windows, 'Services\\SharedAccess\\Parameters\\FirewallPolicy\\PublicProfile');
  const policy = softwareKey(windows, 'Policies\\Microsoft\\WindowsFirewall\\PublicProfile');
  const effective = policy.key?.number('EnableFirewall') != null ? policy : local;
  const enabled = effective.key?.number('EnableFirewall') ?? null;
  const evidence = `${effective.path}: EnableFirewall=${enabled ?? 'none'}`;
  if (enabled !== 1) {
    const message = 'Windows Firewall is disabled for public networks: only the security group protects the instance';
    const remedy = 'Run in the guest: netsh advfirewall set publicprofile state on';
    findings.add('info', 'ECSIMPORT.Firewall', message, evidence, remedy);
    return;
  }
  const rules = controlKey(windows, 'Services\\SharedAccess\\Parameters\\FirewallPolicy\\FirewallRules');
  const names = rules.key?.valueNames() ?? [];
  const allowing = names.find((name) => allowsInbound(rules.key?.text(name) ?? '', port));
  if (allowing !== undefined) {
    const message = 'Windows Firewall allows Remote Desktop on public networks';
    findings.add('info', 'ECSIMPORT.Firewall', message, `${rules.path}: ${allowing}`, '');
    return;
  }
  findings.add(
    'warning',
    'ECSIMPORT.Firewall',
    'Windows Firewall blocks Remote Desktop on public networks, the default for a new network adapter',
    `${evidence}; none of ${names.length} rules allows inbound TCP port ${port}`,
    'Run in the guest: netsh advfirewall firewall set rule group="remote desktop" new enable=yes profile=any',
  );
}

const TCP = '6';

/** `v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=6|Profile=Public|LPort=3389|…`. An absent field matches everything. */
function allowsInbound(rule: string, port: number): boolean {
  const fields = rule.split('|').map((field): [string, string] => {
    const at = field.indexOf('=');
    return [field.slice(0, at).toLowerCase(), field.slice(at + 1)];
  });
  const all = (name: string) => fields.filter(([key]) => key === name).map(([, value]) => value.toLowerCase());
  const is = (name: string, value: string) => all(name).includes(value);
  const matches = (name: string, value: string) => all(name).length === 0 || is(name, value);
  if (!is('action', 'allow') || !is('active', 'true') || !is('dir', 'in')) return false;
  const forOtherProgram = all('app').some((app) => !/svchost\.exe$|^system$/.test(app));
  const forOtherService = all('svc').some((service) => service !== 'termservice');
  return (
    !forOtherProgram &&
    !forOtherService &&
    matches('protocol', TCP) &&
    matches('profile', 'public') &&
    (matches('lport', String(port)) || all('lport').some((range) => inRange(range, port)))
  );
}

function inRange(range: string, port: number): boolean {
  const [from, to] = range.split('-').map(Number);
  return from !== undefined && to !== undefined && from <= port && port <= to;
}

export function checkAgents(windows: Windows, findings: FindingList): void {
  const init = controlKey(windows, 'Services\\cloudbase-init');
  const start = init.key?.number('Start') ?? null;
  if (init.key === null || start === DISABLED) {
    findings.add(
      'warning',
      'ECSIMPORT.CloudbaseInit',
      'cloudbase-init is missing or disabled: ECS cannot set the password, host name or user data',
      init.key === null ? `${init.path} is missing` : `${init.path}: Start=4`,
      'Install or enable cloudbase-init in the guest (Alibaba Cloud: "Install cloudbase-init"), or log in with a password from the image.',
    );
  } else {
    const message = 'cloudbase-init is installed and enabled';
    findings.add('info', 'ECSIMPORT.CloudbaseInit', message, `${init.path}: Start=${start ?? 'none'}`, '');
  }
  const assist = controlKey(windows, 'Services\\AliyunService');
  findings.add(
    'info',
    'GUESTOS.CloudAssistant',
    assist.key === null ? 'Cloud Assistant is not installed' : 'Cloud Assistant is installed',
    assist.key === null ? `${assist.path} is missing` : assist.path,
    assist.key === null ? INSTALL_CLOUD_ASSISTANT : '',
  );
}

/** Windows applies a static address to the ECS network adapter if it identifies it as the old adapter. */
export function checkAddresses(windows: Windows, findings: FindingList): void {
  const interfaces = controlKey(windows, 'Services\\Tcpip\\Parameters\\Interfaces');
  const staticAddresses = (interfaces.key?.names() ?? []).flatMap((name) => {
    const key = interfaces.key?.key(name);
    const addresses = (key?.texts('IPAddress') ?? []).filter((address) => address !== '0.0.0.0');
    return key?.number('EnableDHCP') === 0 && addresses.length > 0 ? [`${name}: ${addresses.join(', ')}`] : [];
  });
  if (staticAddresses.length === 0) {
    const message = 'No network adapter has a static address';
    findings.add('info', 'GUESTOS.Dhcp', message, interfaces.path, '');
    return;
  }
  findings.add(
    'warning',
    'GUESTOS.Dhcp',
    'A network adapter has a static address: if Windows applies it to the ECS adapter, the instance has no network',
    `${interfaces.path}: ${staticAddresses.slice(0, 5).join('; ')}`,
    'Run in the guest: netsh interface ip set address "Ethernet" dhcp; netsh interface ip set dnsservers "Ethernet" dhcp',
  );
}

const SAN_POLICY: Readonly<Record<number, string>> = {
  2: 'stay offline if they are shared',
  3: 'stay offline',
  4: 'stay offline if they are internal',
};

export function checkDisks(windows: Windows, findings: FindingList): void {
  const memory = controlKey(windows, 'Control\\Session Manager\\Memory Management');
  const root = softwareKey(windows, 'Microsoft\\Windows NT\\CurrentVersion').key?.text('SystemRoot') ?? 'C:\\Windows';
  const drive = root.slice(0, 2).toUpperCase();
  const files = memory.key?.texts('PagingFiles') ?? [];
  const elsewhere = files.filter((file) => /^[a-z]:/i.test(file) && file.slice(0, 2).toUpperCase() !== drive);
  if (elsewhere.length > 0) {
    findings.add(
      'info',
      'ECSIMPORT.PageFile',
      'A page file is on another disk: without that disk, Windows creates a small one on the system drive',
      `${memory.path}: PagingFiles=${elsewhere.join('; ')}`,
      'Move the page file to the system drive in the guest (SystemPropertiesPerformance), or import that disk too.',
    );
  }
  const san = controlKey(windows, 'Services\\partmgr\\Parameters');
  const policy = SAN_POLICY[san.key?.number('SanPolicy') ?? 1];
  if (policy !== undefined) {
    const message = `New data disks ${policy} until you bring them online`;
    const remedy = 'Run in the guest: diskpart, then san policy=OnlineAll';
    findings.add(
      'info',
      'ECSIMPORT.SanPolicy',
      message,
      `${san.path}: SanPolicy=${san.key?.number('SanPolicy')}`,
      remedy,
    );
  }
}
