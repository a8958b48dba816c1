/** Codes of findings from the cloud that are not results of its detection. */

/** How a copy differed from its source. */
export const COPY_ATTRIBUTES = 'ECSIMPORT.CopyAttributes';
/** Regions in which the account's setting encrypts every copy. */
export const DEFAULT_ENCRYPTION = 'ECSIMPORT.DefaultEncryption';
/** Regions whose image quota could not be read. */
export const IMAGE_QUOTA = 'ECSIMPORT.ImageQuota';
/** Which instance families start the image. */
export const INSTANCE_FAMILIES = 'ECSIMPORT.InstanceFamilies';
/** The boot mode that the import sets after ImportImage. */
export const DUAL_BOOT_MODE = 'ECSIMPORT.DualBootMode';
/** Tags that the cloud has added to the image. */
export const CLOUD_TAGS = 'ECSIMPORT.CloudTags';

export const BESIDE_DETECTION: readonly string[] = [
  COPY_ATTRIBUTES,
  DEFAULT_ENCRYPTION,
  IMAGE_QUOTA,
  INSTANCE_FAMILIES,
  DUAL_BOOT_MODE,
];
