/** Getting in and being set up by the cloud: Remote Desktop, firewall, cloudbase-init, the vendor's agent, addresses. */
import type { FindingList } from '../findings.js';
import { controlKey, softwareKey, type Windows } from './find-windows.js';

const DISABLED = 4;
const RDP_PORT = 3389;

export function checkRemoteDesktop(windows: Windows, findings: FindingList): void {
  const server = controlKey(windows, 'Control\\Terminal Server');
  const service = controlKey(windows, 'Services\\TermService');
  const listener = controlKey(windows, 'Control\\Terminal Server\\WinStations\\RDP-Tcp');
  const port = listener.key?.number('PortNumber') ?? RDP_PORT;
  const policy = softwareKey(windows, 'Policies\\Microsoft\\Windows NT\\Terminal Services');
  const decided = policy.key?.number('fDenyTSConnections') == null ? server : policy;
  const denied = decided.key?.number('fDenyTSConnections') ?? null;
  if (denied !== 0) {
    findings.add(
      'warning',
      'ECSIMPORT.RemoteDesktop',
      'Remote Desktop is off: only the cloud’s console leads into the instance',
      `${decided.path}: fDenyTSConnections=${denied ?? 'none'}`,
      'In the guest: reg add "HKLM\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server" /v fDenyTSConnections /t REG_DWORD /d 0 /f; netsh advfirewall firewall set rule group="remote desktop" new enable=yes',
    );
    return;
  }
  if (service.key?.number('Start') === DISABLED) {
    const message = 'Remote Desktop is allowed, but its service does not start';
    const remedy = 'In the guest: sc.exe config TermService start= demand';
    findings.add('warning', 'ECSIMPORT.RemoteDesktop', message, `${service.path}: Start=4`, remedy);
    return;
  }
  const message = `Remote Desktop is on, at port ${port}`;
  findings.add('info', 'ECSIMPORT.RemoteDesktop', message, `${decided.path}: fDenyTSConnections=0`, '');
  checkFirewall(windows, port, findings);
}

/** A new network card is on a public network until someone says otherwise. */
function checkFirewall(windows: Windows, port: number, findings: FindingList): void {
  const local = controlKey(windows, 'Services\\SharedAccess\\Parameters\\FirewallPolicy\\PublicProfile');
  const policy = softwareKey(windows, 'Policies\\Microsoft\\WindowsFirewall\\PublicProfile');
  const decided = policy.key?.number('EnableFirewall') != null ? policy : local;
  const enabled = decided.key?.number('EnableFirewall') ?? null;
  const evidence = `${decided.path}: EnableFirewall=${enabled ?? 'none'}`;
  if (enabled !== 1) {
    const message = 'The firewall is off for public networks: the instance’s security group is all that guards it';
    findings.add('info', 'ECSIMPORT.Firewall', message, evidence, 'netsh advfirewall set publicprofile state on');
    return;
  }
  const rules = controlKey(windows, 'Services\\SharedAccess\\Parameters\\FirewallPolicy\\FirewallRules');
  const names = rules.key?.valueNames() ?? [];
  const open = names.find((name) => letsIn(rules.key?.text(name) ?? '', port));
  if (open !== undefined) {
    const message = 'The firewall lets Remote Desktop in on public networks';
    findings.add('info', 'ECSIMPORT.Firewall', message, `${rules.path}: ${open}`, '');
    return;
  }
  findings.add(
    'warning',
    'ECSIMPORT.Firewall',
    'The firewall lets no Remote Desktop in on public networks, which a new network card is on',
    `${evidence}; no active rule for TCP ${port} among ${names.length}`,
    'In the guest: netsh advfirewall firewall set rule group="remote desktop" new enable=yes profile=any',
  );
}

const TCP = '6';

/** `v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=6|Profile=Public|LPort=3389|…`; what a rule does not name it does not limit. */
function letsIn(rule: string, port: number): boolean {
  const fields = rule.split('|').map((field): [string, string] => {
    const at = field.indexOf('=');
    return [field.slice(0, at).toLowerCase(), field.slice(at + 1)];
  });
  const all = (name: string) => fields.filter(([key]) => key === name).map(([, value]) => value.toLowerCase());
  const is = (name: string, value: string) => all(name).includes(value);
  const unlessNamed = (name: string, value: string) => all(name).length === 0 || is(name, value);
  if (!is('action', 'allow') || !is('active', 'true') || !is('dir', 'in')) return false;
  const forProgram = all('app').some((app) => !/svchost\.exe$|^system$/.test(app));
  const forService = all('svc').some((service) => service !== 'termservice');
  return (
    !forProgram &&
    !forService &&
    unlessNamed('protocol', TCP) &&
    unlessNamed('profile', 'public') &&
    (unlessNamed('lport', String(port)) || all('lport').some((range) => inRange(range, port)))
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
      'There is no cloudbase-init that starts: password, host name and user data that the cloud sets have no effect',
      init.key === null ? `${init.path} is missing` : `${init.path}: Start=4`,
      'Install cloudbase-init in the guest, see the vendor’s page on it; or log in with the passwords that are in the image.',
    );
  } else {
    const message = 'cloudbase-init takes what the cloud sets';
    findings.add('info', 'ECSIMPORT.CloudbaseInit', message, `${init.path}: Start=${start ?? 'none'}`, '');
  }
  const assist = controlKey(windows, 'Services\\AliyunService');
  findings.add(
    'info',
    'GUESTOS.CloudAssistant',
    assist.key === null ? 'Cloud Assistant is not installed' : 'Cloud Assistant is installed',
    assist.key === null ? `${assist.path} is missing` : assist.path,
    assist.key === null ? 'See the vendor’s "Install the Cloud Assistant Agent"; it is not needed to boot.' : '',
  );
}

/** A static address belongs to the old network card; where Windows takes the new one for it, it keeps the address. */
export function checkAddresses(windows: Windows, findings: FindingList): void {
  const interfaces = controlKey(windows, 'Services\\Tcpip\\Parameters\\Interfaces');
  const fixed = (interfaces.key?.names() ?? []).flatMap((name) => {
    const key = interfaces.key?.key(name);
    const addresses = (key?.texts('IPAddress') ?? []).filter((address) => address !== '0.0.0.0');
    return key?.number('EnableDHCP') === 0 && addresses.length > 0 ? [`${name}: ${addresses.join(', ')}`] : [];
  });
  if (fixed.length === 0) {
    const message = 'No network card has a static address';
    findings.add('info', 'GUESTOS.Dhcp', message, interfaces.path, '');
    return;
  }
  findings.add(
    'warning',
    'GUESTOS.Dhcp',
    'A network card has a static address: if the cloud’s card takes its place, the instance has no network',
    `${interfaces.path}: ${fixed.slice(0, 5).join('; ')}`,
    'In the guest: netsh interface ip set address "Ethernet" dhcp; netsh interface ip set dnsservers "Ethernet" dhcp',
  );
}

const SAN_POLICY: Readonly<Record<number, string>> = {
  2: 'offline when shared',
  3: 'offline',
  4: 'offline when internal',
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
      'A page file lies on another disk: without that disk Windows starts with a small one',
      `${memory.path}: PagingFiles=${elsewhere.join('; ')}`,
      'In the guest: move the page file to the system drive (SystemPropertiesPerformance), or import that disk as well.',
    );
  }
  const san = controlKey(windows, 'Services\\partmgr\\Parameters');
  const policy = SAN_POLICY[san.key?.number('SanPolicy') ?? 1];
  if (policy !== undefined) {
    const message = `New data disks are ${policy} until someone brings them online`;
    const remedy = 'In the guest: diskpart, san policy=OnlineAll';
    findings.add(
      'info',
      'ECSIMPORT.SanPolicy',
      message,
      `${san.path}: SanPolicy=${san.key?.number('SanPolicy')}`,
      remedy,
    );
  }
}
