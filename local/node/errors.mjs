// The errors of states, with the names that Retry and Catch match.

/** The error of a task. The interpreter matches it by its name, as it does with every error. */
export class TaskError extends Error {
  constructor(name, cause) {
    super(cause);
    this.name = name;
  }
}

/**
 * An error that ends the execution without Retry or Catch. The interpreter reads the two flags before it matches names. In Step
 * Functions, States.ALL matches neither States.Runtime nor States.DataLimitExceeded
 * (https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html).
 */
export class TerminalError extends TaskError {
  isRetryable = false;
  isCatchable = false;
}

/** Returns why an execution failed, with the error names of Step Functions: {error, cause}. */
export function describe(thrown) {
  const error = thrown.name === "ExecutionError" ? thrown.cause : thrown;
  switch (true) {
    case error instanceof TaskError:
      return { error: error.name, cause: error.message };
    case error.name === "ExecutionTimeoutError":
      return { error: "States.Timeout", cause: "the execution took longer than its TimeoutSeconds" };
    case error instanceof SyntaxError:
      // The interpreter parses JSON only for an intrinsic function.
      return { error: "States.IntrinsicFailure", cause: error.message };
    case error.constructor === TypeError || error.constructor === RangeError || error.name === "Error":
      return { error: "States.Runtime", cause: error.message };
    default:
      return { error: error.name, cause: error.message.replaceAll("$$.Run", () => "$$.Execution") };
  }
}
