/** Why a Temporal server cannot be used, in one line with the remedy. */
import { ConfigError } from '../config/environment.js';
import type { TemporalSettings } from '../config/temporal.js';
import { probeTemporal } from './probe.js';

/** Thrown while the server does not serve the namespace; the message is one line with the remedy. */
export class TemporalNotServing extends Error {
  override readonly name = 'TemporalNotServing';
}

/** Resolves if the server serves the namespace. Throws `ConfigError` if a setting is wrong, else `TemporalNotServing`. */
export async function requireTemporal(settings: TemporalSettings): Promise<void> {
  const probe = await probeTemporal(settings);
  if (probe.serves) return;
  if (probe.cause === 'setting') throw new ConfigError(probe.reason);
  const { address, namespace } = settings;
  throw new TemporalNotServing(
    probe.namespaceMissing === true
      ? `Temporal at ${address} has no namespace ${namespace}: create it (temporal operator namespace create ${namespace}) or correct TEMPORAL_NAMESPACE`
      : `Temporal at ${address} cannot be reached (${probe.reason}): check that it runs and that TEMPORAL_ADDRESS is correct`,
  );
}
