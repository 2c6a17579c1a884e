// The errors that states end with, under the names that Retry and Catch match.

/** What a task answered: matched by its name, as the interpreter does with every error. */
export class TaskError extends Error {
  constructor(name, cause) {
    super(cause);
    this.name = name;
  }
}

/**
 * Ends the execution whatever Retry and Catch say; the interpreter reads the two flags before it matches names. Step
 * Functions has two such errors: States.Runtime, and States.DataLimitExceeded where States.ALL is concerned
 * (https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html).
 */
export class TerminalError extends TaskError {
  isRetryable = false;
  isCatchable = false;
}

/** Why the execution failed, in Step Functions' names: {error, cause}. */
export function describe(thrown) {
  const error = thrown.name === "ExecutionError" ? thrown.cause : thrown;
  switch (true) {
    case error instanceof TaskError:
      return { error: error.name, cause: error.message };
    case error.name === "ExecutionTimeoutError":
      return { error: "States.Timeout", cause: "the execution took longer than its TimeoutSeconds" };
    case error instanceof SyntaxError:
      // The only JSON that the interpreter parses for itself is the argument of an intrinsic function.
      return { error: "States.IntrinsicFailure", cause: error.message };
    case error.constructor === TypeError || error.constructor === RangeError || error.name === "Error":
      return { error: "States.Runtime", cause: error.message };
    default:
      return { error: error.name, cause: error.message.replaceAll("$$.Run", () => "$$.Execution") };
  }
}
