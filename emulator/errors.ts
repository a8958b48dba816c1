/** An error of the vendor's: code, message and HTTP status; the router of each service gives it its shape. */

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    /** Further fields of the answer, such as `AccessDeniedDetail`, or OSS's `BucketName`. */
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }
}
