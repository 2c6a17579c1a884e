// The quota of Step Functions on payloads between states.

import { TerminalError } from "./errors.mjs";

/** In bytes of JSON as UTF-8 (https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html). */
export const PAYLOAD_LIMIT = 262_144;

export function size(value) {
  return Buffer.byteLength(JSON.stringify(value) ?? "");
}

const largest = new Map(); // The largest payloads of all executions of this process, by state and kind.

/** withinQuota measures an input, output, payload or result of a state. It throws an error if the payload is too large. */
export function withinQuota(value, of, state) {
  const bytes = size(value);
  measured(bytes, of, state);
  if (bytes > PAYLOAD_LIMIT) throw overQuota(`the ${of} of state "${state}" is`, bytes);
  return bytes;
}

/** measured keeps the largest payload of each kind, and counts the payloads. */
export function measured(bytes, of, state) {
  const key = `${of} of ${state}`;
  const kept = largest.get(key) ?? { state, of, bytes: 0, count: 0 };
  largest.set(key, { ...kept, bytes: Math.max(kept.bytes, bytes), count: kept.count + 1 });
}

/** payloads returns the measured payloads. */
export const payloads = () => [...largest.values()];

export function overQuota(what, bytes) {
  return new TerminalError(
    "States.DataLimitExceeded",
    `${what} ${bytes} bytes of JSON, and Step Functions allows ${PAYLOAD_LIMIT}`,
  );
}
