/** Facts about the guest. Null means "could not be determined", never "no". */
import type { Inspection } from '../inspection.js';

export type GuestFacts = Pick<
  Inspection,
  | 'partitionTable'
  | 'volumes'
  | 'architecture'
  | 'bootMode'
  | 'bootModes'
  | 'bootChain'
  | 'osType'
  | 'platform'
  | 'osVersion'
  | 'osName'
  | 'kernelVersion'
  | 'cloudInitVersion'
  | 'hostName'
  | 'packageFormat'
  | 'packages'
  | 'mounts'
  | 'nvmeSupport'
  | 'depth'
>;

export const NO_GUEST_FACTS: GuestFacts = {
  partitionTable: null,
  volumes: [],
  architecture: null,
  bootMode: null,
  bootModes: [],
  bootChain: [],
  osType: null,
  platform: null,
  osVersion: null,
  osName: null,
  kernelVersion: null,
  cloudInitVersion: null,
  hostName: null,
  packageFormat: null,
  mounts: [],
  nvmeSupport: null,
  depth: 'container',
};
