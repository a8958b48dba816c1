/** Checks that the guest has a network on ECS: DHCP on an existing interface, no binding to old network adapters. */
import { printable } from '../bytes.js';
import type { FindingList } from '../findings.js';
import { type NetworkSettings, readNetworkSettings, type Setting } from './network-settings.js';
import { type GuestTree, lines } from './tree.js';

const USE_DHCP =
  'Configure every interface for DHCP in the guest (Alibaba Cloud: "Configure DHCP for a Linux instance").';

export interface NetworkContext {
  /** cloud-init is enabled and writes the network configuration. */
  readonly byCloudInit: boolean;
  /** The kernel command line. */
  readonly args: readonly string[];
}

export function checkNetwork(tree: GuestTree, context: NetworkContext, findings: FindingList): void {
  const read = readNetworkSettings(tree);
  // cloud-init replaces the configuration that it generated on the source machine.
  const settings = read.settings.filter(({ generated }) => !(generated && context.byCloudInit));
  checkAddresses(tree, settings, context, findings);
  checkBindings(tree, read, context, findings);
  const [notStarted] = context.byCloudInit ? [] : read.notStarted;
  if (notStarted === undefined) return;
  findings.add(
    'warning',
    'GUESTOS.Dhcp',
    'An interface is configured for DHCP but is not started at boot',
    read.notStarted.join('; '),
    'Set ONBOOT=yes in ifcfg, "auto IFACE" in /etc/network/interfaces, or autoconnect=true for NetworkManager.',
  );
}

function checkAddresses(
  tree: GuestTree,
  settings: readonly Setting[],
  context: NetworkContext,
  findings: FindingList,
): void {
  const statics = settings.filter(({ kind }) => kind === 'static');
  const dhcp = settings.filter(({ kind }) => kind === 'dhcp');
  const where = (list: readonly Setting[]) => list.map(({ evidence }) => evidence).join('; ');
  const manager = ['/usr/sbin/NetworkManager', '/usr/bin/NetworkManager'].find((path) => tree.exists(path));
  if (statics.length > 0) {
    const message = 'An interface has a static address, which is not valid on ECS: the instance has no network';
    findings.add('warning', 'GUESTOS.Dhcp', message, where(statics), USE_DHCP);
  } else if (dhcp.length > 0) {
    findings.add('info', 'GUESTOS.Dhcp', 'The network is configured by DHCP', where(dhcp), '');
    if (!context.byCloudInit) checkNames(tree, dhcp, context.args, findings);
  } else if (context.byCloudInit) {
    const message = 'cloud-init writes the network configuration at boot';
    findings.add('info', 'GUESTOS.Dhcp', message, 'no other network configuration', '');
  } else if (manager !== undefined) {
    const message = 'NetworkManager uses DHCP for interfaces without configuration';
    findings.add('info', 'GUESTOS.Dhcp', message, manager, '');
  } else {
    const message = 'Could not determine how the network is configured: no supported configuration was found';
    const evidence = 'no configuration of netplan, ifcfg, ifupdown, NetworkManager or systemd-networkd';
    findings.add('warning', 'GUESTOS.Dhcp', message, evidence, USE_DHCP);
  }
}

const SLOT_NAME = /^(ens|enp|eno|enx|em|p\d+p)\w*\d\w*$/;

/** A predictable name has the source machine's slot in it and differs on ECS. With predictable names there is no eth0. */
function checkNames(tree: GuestTree, dhcp: readonly Setting[], args: readonly string[], findings: FindingList): void {
  const names = dhcp.map(({ network }) => network);
  if (names.length === 0 || names.some((name) => name === '' || /[*?[!]/.test(name))) return;
  const keepsEth = !udevRenames(tree) || args.includes('net.ifnames=0');
  const wrong = dhcp.filter(({ network }) => (keepsEth ? SLOT_NAME.test(network) : true));
  if (wrong.length < dhcp.length) return;
  findings.add(
    'warning',
    'ECSIMPORT.InterfaceName',
    keepsEth
      ? 'The network is configured for another interface than eth0, the interface’s name on ECS'
      : 'The network is configured for one interface name, but the interface may have another name on ECS',
    wrong.map(({ evidence }) => evidence).join('; '),
    'Configure eth0 and add net.ifnames=0 to the kernel command line, or match all interfaces (en* and eth*).',
  );
}

/** udev renames interfaces since systemd 197, unless its link or rule file is empty or a link to /dev/null. */
function udevRenames(tree: GuestTree): boolean {
  const rules = ['/usr/lib/systemd/network/99-default.link', '/lib/systemd/network/99-default.link'];
  const off = ['/etc/systemd/network/99-default.link', '/etc/udev/rules.d/80-net-setup-link.rules'];
  const isOff = off.some((path) => tree.link(path) === '/dev/null' || tree.info(path)?.size === 0);
  return rules.some((path) => tree.exists(path)) && !isOff;
}

/** Written by old versions of udev, or by an administrator. */
const PERSISTENT_RULES = ['/etc/udev/rules.d/70-persistent-net.rules', '/etc/udev/rules.d/70-net-names.rules'];

function checkBindings(tree: GuestTree, read: NetworkSettings, context: NetworkContext, findings: FindingList): void {
  for (const file of PERSISTENT_RULES) {
    const [rule] = lines(tree.text(file) ?? '');
    if (rule === undefined) continue;
    const message =
      'A udev rule binds interface names to the source machine’s network adapters: the ECS adapter gets another name';
    const evidence = `${file}:${rule.number}: ${printable(rule.text)}`;
    findings.add('warning', 'ECSIMPORT.PersistentNet', message, evidence, `Run in the guest: rm ${file}`);
  }
  const bindings = read.macBindings.filter(({ generated }) => !(generated && context.byCloudInit));
  if (bindings.length === 0) return;
  const message =
    'The configuration of an interface is bound to the source machine’s MAC address: it stays down on ECS';
  const remedy = 'Remove the lines with the MAC address (HWADDR, mac-address, MACAddress, macaddress).';
  const evidence = bindings.map((binding) => binding.evidence).join('; ');
  findings.add('warning', 'ECSIMPORT.PersistentNet', message, evidence, remedy);
}
