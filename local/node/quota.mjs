// Step Functions' quota on what passes between states.

import { TerminalError } from "./errors.mjs";

/** In bytes of JSON as UTF-8 (https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html). */
export const PAYLOAD_LIMIT = 262_144;

export function size(value) {
  return Buffer.byteLength(JSON.stringify(value) ?? "");
}

const largest = new Map(); // What was measured, by state and by what it is of the state, over all executions of the process.

/** withinQuota takes what a state has as its input, output, payload or result, or throws the error that ends the execution. */
export function withinQuota(value, of, state) {
  const bytes = size(value);
  measured(bytes, of, state);
  if (bytes > PAYLOAD_LIMIT) throw overQuota(`the ${of} of state "${state}"`, bytes);
  return bytes;
}

/** measured keeps the largest of what it is told, and how often that was. */
export function measured(bytes, of, state) {
  const key = `${of} of ${state}`;
  const kept = largest.get(key) ?? { state, of, bytes: 0, count: 0 };
  largest.set(key, { ...kept, bytes: Math.max(kept.bytes, bytes), count: kept.count + 1 });
}

/** payloads returns what was measured. */
export const payloads = () => [...largest.values()];

export function overQuota(what, bytes) {
  return new TerminalError(
    "States.DataLimitExceeded",
    `${what} is ${bytes} bytes of JSON, and Step Functions allows ${PAYLOAD_LIMIT}`,
  );
}
