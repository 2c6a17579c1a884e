// Step Functions' quota on what passes between states.

import { TerminalError } from "./errors.mjs";

/** In bytes of JSON as UTF-8 (https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html). */
export const PAYLOAD_LIMIT = 262_144;

export function size(value) {
  return Buffer.byteLength(JSON.stringify(value) ?? "");
}

/** withinQuota returns the value's size in bytes, or throws the error that ends the execution. */
export function withinQuota(value, what) {
  const bytes = size(value);
  if (bytes > PAYLOAD_LIMIT) throw overQuota(what, bytes);
  return bytes;
}

export function overQuota(what, bytes) {
  return new TerminalError(
    "States.DataLimitExceeded",
    `${what} is ${bytes} bytes of JSON, and Step Functions allows ${PAYLOAD_LIMIT}`,
  );
}
