/** DescribeAccountAttributes, which does not include the image quota, as no ECS action does; and the default encryption. */
import { type ApiAction, type ApiCall, listOf } from '../rpc-call.js';
import { regionOf } from './regions.js';

export const accountActions: Readonly<Record<string, ApiAction>> = {
  DescribeAccountAttributes: { run: describeAccountAttributes, limits: 'fixed values; no instance types' },
  DescribeDiskEncryptionByDefaultStatus: { run: describeEncryption, limits: 'the setting encryptedRegions' },
};

function describeEncryption(call: ApiCall) {
  return { Encrypted: call.world.settings.encryptedRegions.includes(regionOf(call)) };
}

const attributes: Readonly<Record<string, string>> = {
  'instance-network-type': 'vpc',
  'max-security-groups': '100',
  'max-elastic-network-interfaces': '5000',
  'max-postpaid-instance-vcpu-count': '500',
  'max-spot-instance-vcpu-count': '500',
  'used-postpaid-instance-vcpu-count': '0',
  'used-spot-instance-vcpu-count': '0',
  'max-dedicated-hosts': '10',
  'max-axt-command-count': '100',
  'max-axt-invocation-daily': '5000',
  'real-name-authentication': 'yes',
  'max-cloud-assistant-activation-count': '500',
};

function describeAccountAttributes(call: ApiCall) {
  regionOf(call);
  const names = listOf(call, 'AttributeName');
  const selected = Object.entries(attributes).filter(([name]) => names.length === 0 || names.includes(name));
  return {
    AccountAttributeItems: {
      AccountAttributeItem: selected.map(([name, value]) => ({
        AttributeName: name,
        AttributeValues: { ValueItem: [{ Value: value }] },
      })),
    },
  };
}
