/** An API error as the vendor answers it: code, message and HTTP status. The router of each service formats it. */

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    /** Additional fields of the error response, such as `AccessDeniedDetail` or `BucketName` of OSS. */
    readonly details: Readonly<Record<string, unknown>> = {},
    /** Additional response headers, such as `x-oss-delete-marker`. */
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}
