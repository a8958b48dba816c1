/** Whether the guest gets its network on ECS: DHCP on an interface that is there, and nothing tied to old cards. */
import { printable } from '../bytes.js';
import type { FindingList } from '../findings.js';
import { type NetworkSettings, readNetworkSettings, type Setting } from './network-settings.js';
import { type GuestTree, lines } from './tree.js';

const TO_DHCP = 'Set every interface to DHCP; see the vendor’s "Configure DHCP for a Linux instance".';

export interface NetworkContext {
  /** cloud-init is there and may write the network's configuration. */
  readonly byCloudInit: boolean;
  /** The kernel's command line. */
  readonly args: readonly string[];
}

export function checkNetwork(tree: GuestTree, context: NetworkContext, findings: FindingList): void {
  const read = readNetworkSettings(tree);
  // What cloud-init wrote for the old machine it writes again for the new one.
  const settings = read.settings.filter(({ generated }) => !(generated && context.byCloudInit));
  checkAddresses(tree, settings, context, findings);
  checkCards(tree, read, context, findings);
  const [notStarted] = context.byCloudInit ? [] : read.notStarted;
  if (notStarted === undefined) return;
  findings.add(
    'warning',
    'GUESTOS.Dhcp',
    'An interface is configured for DHCP and not started at boot',
    read.notStarted.join('; '),
    'ONBOOT=yes in ifcfg, "auto IFACE" in /etc/network/interfaces, or autoconnect=true for NetworkManager.',
  );
}

function checkAddresses(
  tree: GuestTree,
  settings: readonly Setting[],
  context: NetworkContext,
  findings: FindingList,
): void {
  const fixed = settings.filter(({ kind }) => kind === 'static');
  const dhcp = settings.filter(({ kind }) => kind === 'dhcp');
  const where = (list: readonly Setting[]) => list.map(({ evidence }) => evidence).join('; ');
  const manager = ['/usr/sbin/NetworkManager', '/usr/bin/NetworkManager'].find((path) => tree.exists(path));
  if (fixed.length > 0) {
    const message = 'The network has a fixed address, which is wrong in the cloud';
    findings.add('warning', 'GUESTOS.Dhcp', message, where(fixed), TO_DHCP);
  } else if (dhcp.length > 0) {
    findings.add('info', 'GUESTOS.Dhcp', 'The network is configured by DHCP', where(dhcp), '');
    if (!context.byCloudInit) checkNames(tree, dhcp, context.args, findings);
  } else if (context.byCloudInit) {
    const message = 'cloud-init writes the network’s configuration at boot';
    findings.add('info', 'GUESTOS.Dhcp', message, 'no configuration of its own', '');
  } else if (manager !== undefined) {
    const message = 'NetworkManager takes interfaces without configuration to DHCP';
    findings.add('info', 'GUESTOS.Dhcp', message, manager, '');
  } else {
    const message = 'Could not tell how the network is configured: no configuration that is known was found';
    const looked = 'looked for netplan, ifcfg, interfaces, NetworkManager, networkd';
    findings.add('warning', 'GUESTOS.Dhcp', message, looked, TO_DHCP);
  }
}

const BY_SLOT = /^(ens|enp|eno|enx|em|p\d+p)\w*\d\w*$/;

/** A name with the old machine's slot in it is not there on ECS, nor is eth0 where udev names interfaces after slots. */
function checkNames(tree: GuestTree, dhcp: readonly Setting[], args: readonly string[], findings: FindingList): void {
  const names = dhcp.map(({ network }) => network);
  if (names.length === 0 || names.some((name) => name === '' || /[*?[!]/.test(name))) return;
  const keepsEth = !udevRenames(tree) || args.includes('net.ifnames=0');
  const wrong = dhcp.filter(({ network }) => (keepsEth ? BY_SLOT.test(network) : true));
  if (wrong.length < dhcp.length) return;
  findings.add(
    'warning',
    'ECSIMPORT.InterfaceName',
    keepsEth
      ? 'The network is configured for another interface name than the eth0 that this kernel has'
      : 'The network is configured for one interface name, and on ECS the interface may have another',
    wrong.map(({ evidence }) => evidence).join('; '),
    'Configure eth0 with net.ifnames=0 on the kernel’s command line, or match all interfaces (en* and eth*).',
  );
}

/** systemd's udev has renamed interfaces since version 197, unless a rule or link of that name is emptied. */
function udevRenames(tree: GuestTree): boolean {
  const rules = ['/usr/lib/systemd/network/99-default.link', '/lib/systemd/network/99-default.link'];
  const off = ['/etc/systemd/network/99-default.link', '/etc/udev/rules.d/80-net-setup-link.rules'];
  const isOff = off.some((path) => tree.link(path) === '/dev/null' || tree.info(path)?.size === 0);
  return rules.some((path) => tree.exists(path)) && !isOff;
}

/** Written by udev's generator of old, or by an administrator. */
const CARD_RULES = ['/etc/udev/rules.d/70-persistent-net.rules', '/etc/udev/rules.d/70-net-names.rules'];

function checkCards(tree: GuestTree, read: NetworkSettings, context: NetworkContext, findings: FindingList): void {
  for (const file of CARD_RULES) {
    const [rule] = lines(tree.text(file) ?? '');
    if (rule === undefined) continue;
    const message = 'Interface names are tied to the old machine’s cards: the card on ECS gets another name';
    const evidence = `${file}:${rule.number}: ${printable(rule.text)}`;
    findings.add('warning', 'ECSIMPORT.PersistentNet', message, evidence, `rm ${file}`);
  }
  const tied = read.ties.filter(({ generated }) => !(generated && context.byCloudInit));
  if (tied.length === 0) return;
  const message = 'An interface is tied to the old machine’s hardware address: it stays down on ECS';
  const remedy = 'Remove the lines with the hardware address (HWADDR, mac-address, MACAddress, macaddress).';
  const evidence = tied.map((tie) => tie.evidence).join('; ');
  findings.add('warning', 'ECSIMPORT.PersistentNet', message, evidence, remedy);
}
