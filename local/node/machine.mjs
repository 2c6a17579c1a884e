// Runs executions of state machines (Amazon States Language, JSONPath) and prints their events and results.
//
//   stdin   one JSON document a line, for one execution each; the executions run at the same time:
//           {"definition", "input", "execution": {"id", "name", "startTime"}, "stateMachine": {"id", "name"}, "invokeUrl"}
//           with the optional members "thresholdErrors", "hurried", "history", "redriveCount" and "resume" (see Execution in
//           local/statemachine) and "run", a number. {"run", "abort": true} aborts the execution with this number.
//   stdout  one JSON document a line, with the "run" of its execution: events without payloads, for example
//             {"event":"StateEntered","state":"Plan"}
//             {"event":"MapIterationSucceeded","state":"ScanSegments","index":17}
//             {"event":"StateRetried","state":"ScanSegment","index":17,"error":"Throttled","cause":"…","attempt":1}
//           and the last line of each execution, which is one of
//             {"status":"SUCCEEDED","output":…}
//             {"status":"FAILED","error":"…","cause":"…"}
//             {"status":"ABORTED"} after an abort or SIGTERM
//           with "payloads": [{"state", "of", "bytes", "count"}], the largest payloads of each state in this process
//   exit    0 after the end of stdin, when the last line of every execution was printed. Otherwise this program has failed, and
//           stderr has the reason.

import "./runtime.mjs";
import { createInterface } from "node:readline";
import { start } from "./execution.mjs";
import { describe } from "./errors.mjs";
import { payloads } from "./quota.mjs";

// The lines of one turn of the event loop are written together, so that 10,000 children do not cause 20,000 writes.
const lines = [];
function print(line) {
  if (lines.length === 0) setImmediate(flush);
  lines.push(JSON.stringify(line) + "\n");
}
function flush(written) {
  process.stdout.write(lines.splice(0).join(""), written);
}

const running = new Map(); // the executions by their numbers: {abort, aborted}
function abort(execution) {
  if (!execution) return; // it has ended
  execution.aborted = true;
  execution.abort();
}
process.once("SIGTERM", () => {
  for (const execution of running.values()) abort(execution);
});

async function run(document) {
  const emit = (line) => print({ run: document.run, ...line });
  let execution;
  try {
    execution = start(document, emit);
    running.set(document.run, execution);
    emit({ status: "SUCCEEDED", output: await execution.result, payloads: payloads() });
  } catch (error) {
    emit({ ...(execution?.aborted ? { status: "ABORTED" } : { status: "FAILED", ...describe(error) }), payloads: payloads() });
  } finally {
    running.delete(document.run);
  }
}

// The reader has ended.
process.stdout.on("error", () => process.exit(1));

const runs = [];
for await (const line of createInterface({ input: process.stdin })) {
  const document = JSON.parse(line);
  if (document.abort) abort(running.get(document.run));
  else runs.push(run(document));
}
await Promise.all(runs);
// Aborted children may still wait for their invocations. Exit without them.
flush(() => process.exit(0));
