// Moves the message and the stack trace of a failure into a payload, which the payload codec encrypts. The SDK loads this
// file by `require`, and bundles it with the workflows.
const { ApplicationFailure, DefaultFailureConverter } = require('@temporalio/common');

/** As in domain/sealed.ts. */
const NOT_STARTED_HERE = 'not started by this service';

class FailureConverter extends DefaultFailureConverter {
  #plain = new DefaultFailureConverter();

  errorToFailure(error, payloadConverter, context) {
    // Whoever has sent the refused call, or looks at it without the keys, sees why. The message contains no input.
    const isRefusal = error instanceof ApplicationFailure && error.type === NOT_STARTED_HERE;
    return isRefusal
      ? this.#plain.errorToFailure(error, payloadConverter, context)
      : super.errorToFailure(error, payloadConverter, context);
  }
}

module.exports.failureConverter = new FailureConverter({ encodeCommonAttributes: true });
