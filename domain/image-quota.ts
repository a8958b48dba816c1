/** The code of the image quota in Quota Center: "The maximum number of custom images that an Alibaba Cloud account can retain per region" */
export const IMAGE_QUOTA_CODE = 'q_user-image-count';
