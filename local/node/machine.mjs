// Runs ONE execution of a state machine (Amazon States Language, JSONPath) and prints how it went.
//
//   stdin   {"definition", "input", "execution": {"id", "name", "startTime"}, "stateMachine": {"id", "name"}, "invokeUrl"}
//           and optionally "thresholdErrors": true, see Execution.ThresholdErrors in local/machine
//   stdout  a JSON document a line: events without payloads, for instance
//             {"event":"StateEntered","state":"Plan"}
//             {"event":"MapIterationSucceeded","state":"ScanSegments","index":17}
//             {"event":"StateRetried","state":"ScanSegment","index":17,"error":"Throttled","attempt":1}
//           and at the end one of
//             {"status":"SUCCEEDED","output":…}
//             {"status":"FAILED","error":"…","cause":"…"}
//             {"status":"ABORTED"} after SIGTERM
//           each with "payloads": [{"state", "of", "bytes", "count"}], the largest that was measured of each state
//   exit    0 if that last line was printed; otherwise this program is broken, and stderr says how.

import "./runtime.mjs";
import { json } from "node:stream/consumers";
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

async function run(document) {
  let aborted = false;
  try {
    const execution = start(document, print);
    process.once("SIGTERM", () => {
      aborted = true;
      execution.abort();
    });
    return { status: "SUCCEEDED", output: await execution.result };
  } catch (error) {
    return aborted ? { status: "ABORTED" } : { status: "FAILED", ...describe(error) };
  }
}

// Nobody reads any more.
process.stdout.on("error", () => process.exit(1));

print({ ...(await run(await json(process.stdin))), payloads: payloads() });
// Aborted children may still wait for their invocations: leave without them.
flush(() => process.exit(0));
