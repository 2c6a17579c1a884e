// Runs executions of state machines (Amazon States Language, JSONPath) and prints how they went.
//
//   stdin   a JSON document a line, an execution each; they run at the same time:
//           {"definition", "input", "execution": {"id", "name", "startTime"}, "stateMachine": {"id", "name"}, "invokeUrl"}
//           and optionally "thresholdErrors": true and "hurried": true, see Execution in local/statemachine, and "run": a number
//   stdout  a JSON document a line, with the "run" of its execution: events without payloads, for instance
//             {"event":"StateEntered","state":"Plan"}
//             {"event":"MapIterationSucceeded","state":"ScanSegments","index":17}
//             {"event":"StateRetried","state":"ScanSegment","index":17,"error":"Throttled","cause":"…","attempt":1}
//           and as the last one of each execution one of
//             {"status":"SUCCEEDED","output":…}
//             {"status":"FAILED","error":"…","cause":"…"}
//             {"status":"ABORTED"} after SIGTERM
//           each with "payloads": [{"state", "of", "bytes", "count"}], the largest that this process has measured of each state
//   exit    0 if that last line was printed of each, when stdin has ended; otherwise this program is broken, and stderr says how.

import "./runtime.mjs";
import { createInterface } from "node:readline";
import { start } from "./execution.mjs";
import { describe } from "./errors.mjs";
import { payloads } from "./quota.mjs";

// Lines are gathered for one turn of the event loop: 10,000 children are not 20,000 writes.
const lines = [];
function print(line) {
  if (lines.length === 0) setImmediate(flush);
  lines.push(JSON.stringify(line));
}
function flush(written) {
  if (lines.length > 0) process.stdout.write(lines.splice(0).join("\n") + "\n", written);
}

let aborted = false;
const aborts = new Set(); // of the executions that run
process.once("SIGTERM", () => {
  aborted = true;
  for (const abort of aborts) abort();
});

async function run(document) {
  const emit = (line) => print({ run: document.run, ...line });
  let execution;
  try {
    execution = start(document, emit);
    aborts.add(execution.abort);
    emit({ status: "SUCCEEDED", output: await execution.result, payloads: payloads() });
  } catch (error) {
    emit({ ...(aborted ? { status: "ABORTED" } : { status: "FAILED", ...describe(error) }), payloads: payloads() });
  } finally {
    aborts.delete(execution?.abort);
  }
}

// Nobody reads any more.
process.stdout.on("error", () => process.exit(1));

const runs = [];
for await (const line of createInterface({ input: process.stdin })) runs.push(run(JSON.parse(line)));
await Promise.all(runs);
// Aborted children may still wait for their invocations: leave without them.
flush(() => process.exit(0));
