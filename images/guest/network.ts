/** How the guest configures its network: DHCP or fixed addresses, and what is tied to the old machine's cards. */
import { printable } from '../bytes.js';
import type { FindingList } from '../findings.js';
import { type GuestTree, lines } from './tree.js';

interface Setting {
  readonly kind: 'dhcp' | 'static';
  readonly network: string;
  readonly evidence: string;
}

const TO_DHCP = 'Set every interface to DHCP; see the vendor’s "Configure DHCP for a Linux instance".';

export function checkNetwork(tree: GuestTree, hasCloudInit: boolean, findings: FindingList): void {
  const settings = [...netplan(tree), ...ifcfg(tree), ...interfaces(tree), ...networkManager(tree), ...networkd(tree)];
  const fixed = settings.filter(({ kind }) => kind === 'static');
  const dhcp = settings.filter(({ kind }) => kind === 'dhcp');
  if (fixed.length > 0) {
    const message = 'The network has a fixed address, which is wrong in the cloud';
    findings.add('warning', 'GUESTOS.Dhcp', message, fixed.map(({ evidence }) => evidence).join('; '), TO_DHCP);
  } else if (dhcp.length > 0) {
    findings.add(
      'info',
      'GUESTOS.Dhcp',
      'The network is configured by DHCP',
      dhcp.map(({ evidence }) => evidence).join('; '),
      '',
    );
    checkNames(dhcp, findings);
  } else if (hasCloudInit) {
    findings.add(
      'info',
      'GUESTOS.Dhcp',
      'cloud-init writes the network’s configuration at boot',
      'no configuration of its own',
      '',
    );
  } else if (tree.exists('/usr/sbin/NetworkManager') || tree.exists('/usr/bin/NetworkManager')) {
    findings.add(
      'info',
      'GUESTOS.Dhcp',
      'NetworkManager takes interfaces without configuration to DHCP',
      '/usr/sbin/NetworkManager',
      '',
    );
  } else {
    const message = 'Could not tell how the network is configured: no configuration that is known was found';
    findings.add(
      'warning',
      'GUESTOS.Dhcp',
      message,
      'looked for netplan, ifcfg, interfaces, NetworkManager, networkd',
      TO_DHCP,
    );
  }
  checkCards(tree, findings);
}

/** A name with the old machine's slot in it is not there on ECS; patterns and eth0 are. */
function checkNames(settings: readonly Setting[], findings: FindingList): void {
  const bound = settings.filter(
    ({ network }) => /^(ens|enp|eno|enx|em|p\d+p)\w*\d\w*$/.test(network) && !/[*?]/.test(network),
  );
  if (bound.length < settings.length || bound.length === 0) return;
  const message =
    'The network is configured for an interface name that depends on the machine; on ECS it may be another';
  const evidence = bound.map(({ evidence: where }) => where).join('; ');
  findings.add(
    'warning',
    'ECSIMPORT.InterfaceName',
    message,
    evidence,
    'Configure eth0 with net.ifnames=0 on the kernel’s command line, or match all interfaces (en* and eth*).',
  );
}

function netplan(tree: GuestTree): Setting[] {
  return files(tree, '/etc/netplan', /\.ya?ml$/).flatMap((file) => {
    const found: Setting[] = [];
    const content = lines(tree.text(file) ?? '');
    let network = '';
    for (const { number, text } of content) {
      const name = /^([\w*?-]+):$/.exec(text)?.[1];
      if (
        name !== undefined &&
        !/^(network|ethernets|bonds|vlans|bridges|addresses|routes|nameservers|match|wifis)$/.test(name)
      )
        network = name;
      const pattern = /^name:\s*["']?([\w*?-]+)/.exec(text)?.[1];
      if (pattern !== undefined) network = pattern;
      const evidence = `${file}:${number}: ${printable(text)}`;
      if (/^dhcp4:\s*(true|yes|on)/i.test(text)) found.push({ kind: 'dhcp', network, evidence });
      const addresses =
        /^addresses:\s*\[?\s*["']?(\d+\.\d+\.\d+\.\d+\/\d+)/.test(text) ||
        /^-\s*["']?\d+\.\d+\.\d+\.\d+\/\d+/.test(text);
      if (addresses) found.push({ kind: 'static', network, evidence });
    }
    return found;
  });
}

/** RHEL's and SUSE's files: `KEY=value`, with or without quotes. */
function ifcfg(tree: GuestTree): Setting[] {
  const all = ['/etc/sysconfig/network-scripts', '/etc/sysconfig/network'].flatMap((folder) =>
    files(tree, folder, /^ifcfg-(?!lo$)[\w.:-]+$/),
  );
  return all
    .filter((file) => !/\.(bak|orig|rpmsave|rpmnew|template)$|~$/.test(file))
    .flatMap((file): Setting[] => {
      const content = lines(tree.text(file) ?? '');
      const network = file.replace(/^.*ifcfg-/, '');
      const value = (key: string) => content.find(({ text }) => new RegExp(`^${key}=`, 'i').test(text));
      const protocol = value('BOOTPROTO');
      const address = value('IPADDR\\d*');
      const where = protocol ?? address;
      if (where === undefined) return [];
      const evidence = `${file}:${where.number}: ${printable(where.text)}`;
      if (protocol !== undefined && /dhcp|auto/i.test(protocol.text.slice(10)))
        return [{ kind: 'dhcp', network, evidence }];
      return address === undefined
        ? []
        : [{ kind: 'static', network, evidence: `${file}:${address.number}: ${printable(address.text)}` }];
    });
}

function interfaces(tree: GuestTree): Setting[] {
  const all = ['/etc/network/interfaces', ...files(tree, '/etc/network/interfaces.d', /^[\w.-]+$/)];
  return all.flatMap((file) =>
    lines(tree.text(file) ?? '').flatMap(({ number, text }): Setting[] => {
      const found = /^iface\s+(\S+)\s+inet\s+(dhcp|static)/.exec(text);
      if (found === null) return [];
      const kind = found[2] === 'dhcp' ? 'dhcp' : 'static';
      return [{ kind, network: found[1] ?? '', evidence: `${file}:${number}: ${printable(text)}` }];
    }),
  );
}

function networkManager(tree: GuestTree): Setting[] {
  return files(tree, '/etc/NetworkManager/system-connections', /^[^.]/).flatMap((file) => {
    let section = '';
    let network = '';
    return lines(tree.text(file) ?? '').flatMap(({ number, text }): Setting[] => {
      section = /^\[(.+)\]$/.exec(text)?.[1] ?? section;
      network = /^interface-name=(.+)$/.exec(text)?.[1] ?? network;
      const method = section === 'ipv4' ? /^method=(auto|manual)/.exec(text)?.[1] : undefined;
      if (method === undefined) return [];
      return [{ kind: method === 'auto' ? 'dhcp' : 'static', network, evidence: `${file}:${number}: ${text}` }];
    });
  });
}

function networkd(tree: GuestTree): Setting[] {
  return files(tree, '/etc/systemd/network', /\.network$/).flatMap((file) => {
    let network = '';
    return lines(tree.text(file) ?? '').flatMap(({ number, text }): Setting[] => {
      network = /^Name=(.+)$/.exec(text)?.[1] ?? network;
      const evidence = `${file}:${number}: ${printable(text)}`;
      if (/^DHCP=(yes|true|both|ipv4|v4)/i.test(text)) return [{ kind: 'dhcp', network, evidence }];
      return /^Address=\d+\.\d+/.test(text) && network !== 'lo' ? [{ kind: 'static', network, evidence }] : [];
    });
  });
}

function files(tree: GuestTree, folder: string, names: RegExp): string[] {
  return tree
    .list(folder)
    .filter((name) => names.test(name))
    .slice(0, 100)
    .map((name) => `${folder}/${name}`);
}

function checkCards(tree: GuestTree, findings: FindingList): void {
  const rules = '/etc/udev/rules.d/70-persistent-net.rules';
  const rule = lines(tree.text(rules) ?? '')[0];
  if (rule !== undefined) {
    const message = 'Interface names are tied to the old machine’s cards: the card on ECS gets another name';
    findings.add(
      'warning',
      'ECSIMPORT.PersistentNet',
      message,
      `${rules}:${rule.number}: ${printable(rule.text)}`,
      `rm ${rules}`,
    );
  }
  const tied = files(tree, '/etc/sysconfig/network-scripts', /^ifcfg-/).flatMap((file) =>
    lines(tree.text(file) ?? '')
      .filter(({ text }) => /^(HWADDR|MACADDR)=/.test(text))
      .map(({ number, text }) => `${file}:${number}: ${printable(text)}`),
  );
  if (tied.length === 0) return;
  const message = 'An interface is tied to the old machine’s hardware address: it stays down on ECS';
  findings.add('warning', 'ECSIMPORT.PersistentNet', message, tied.join('; '), 'Remove the HWADDR and MACADDR lines.');
}
