/** Reports how a copy differed from its source, and what was done about it. */
import { COPY_ATTRIBUTES } from '../../domain/cloud-findings.js';
import type { Finding } from '../../domain/import.js';
import type { AttributeDifference, CopyFacts } from '../../domain/import-facts.js';
import { inRegion } from '../../resources/shell-command.js';

export function copyFinding({ regionId, imageId, set, remaining, refusal }: CopyFacts): Finding {
  const copy = `copy ${imageId} in ${regionId}`;
  const changed = set.map(({ name, source, copy: found }) => `${name} ${found ?? 'not reported'} → ${source}`);
  const lasting = remaining.map(
    ({ name, source, copy: found }) => `${name} is ${found ?? 'not reported'}, not ${source}`,
  );
  const isEqual = remaining.length === 0;
  return {
    code: COPY_ATTRIBUTES,
    severity: isEqual ? 'info' : 'warning',
    message: isEqual
      ? `The cloud did not carry over ${namesOf(set)} to ${copy}. It is set now`
      : `The ${copy} differs from its source in ${namesOf(remaining)}`,
    evidence: [...changed, ...lasting, ...(refusal === null ? [] : [refusal])].join('; '),
    remedy: isEqual ? '' : remedyFor(regionId, imageId, remaining),
    source: 'cloud',
  };
}

function namesOf(differences: readonly AttributeDifference[]): string {
  return differences.map(({ name }) => name).join(', ');
}

function remedyFor(regionId: string, imageId: string, remaining: readonly AttributeDifference[]): string {
  const group = remaining.find(({ name }) => name === 'ResourceGroupId');
  const attributes = remaining.filter((one) => one !== group);
  const commands = [
    ...(attributes.length === 0
      ? []
      : [
          inRegion(
            ...([regionId, 'ModifyImageAttribute', '--ImageId', imageId] as const),
            ...attributes.flatMap(({ name, source }) => [`--${name}`, source]),
          ),
        ]),
    ...(group === undefined
      ? []
      : [
          inRegion(
            ...([regionId, 'JoinResourceGroup', '--ResourceType', 'image', '--ResourceId', imageId] as const),
            ...['--ResourceGroupId', group.source],
          ),
        ]),
  ];
  const downgrade = remaining.some(({ name, source }) => name === 'Features.ImdsSupport' && source === 'v1');
  return `Run ${commands.join(' and ')}.${downgrade ? ' The cloud does not set Features.ImdsSupport back to v1: if you need v1, create an image from the snapshot of the copy.' : ''}`;
}
