// Moves the message and the stack trace of a failure into a payload, which the payload codec encrypts. The SDK loads this
// file by `require`, and bundles it with the workflows.
const { DefaultFailureConverter } = require('@temporalio/common');

module.exports.failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
