// Runs one execution with aws-local-stepfunctions, and adds rules of Step Functions that the library does not have.

import { randomUUID } from "node:crypto";
import { StateMachine } from "aws-local-stepfunctions";
import { prepare } from "./definition.mjs";
import { describe, TaskError, TerminalError } from "./errors.mjs";
import { measured, overQuota, PAYLOAD_LIMIT, size, withinQuota } from "./quota.mjs";
import { taskHandlers } from "./tasks.mjs";

/**
 * start starts the execution of a document (see machine.mjs) and returns {result, abort}. result is a promise of the output; it
 * rejects with an error that describe() in errors.mjs understands. emit is called with every event.
 */
export function start(document, emit) {
  const { definition, names, tasks, processors, problems } = prepare(document.definition);
  if (problems.length > 0) {
    throw new TerminalError("States.Runtime", `the local runner cannot run this definition: ${problems.join("; ")}`);
  }
  const machine = new StateMachine(definition, { validationOptions: { noValidate: true } });
  const { execution, stateMachine, input } = document;
  const overrides = { taskResourceLocalHandlers: taskHandlers(tasks, document.invokeUrl) };
  if (document.hurried) {
    overrides.retryIntervalOverrides = overrides.waitTimeOverrides = Object.fromEntries(names.map((name) => [name, 1]));
  }
  supervised.set(overrides, { processors, thresholdErrors: document.thresholdErrors, emit });

  const run = {
    Id: execution.id,
    Name: execution.name,
    StartTime: execution.startTime,
    Input: input,
    RedriveCount: 0,
  };
  return machine.run(input, {
    context: { Execution: run, Run: run, StateMachine: { Id: stateMachine?.id, Name: stateMachine?.name } },
    overrides,
  });
}

// What StateMachine.execute() below needs to know of an execution, by the overrides, which all state machines of the execution share.
const supervised = new WeakMap();
const mapRuns = new WeakMap(); // The library creates one StateMachine for the children of a Map each time the Map is entered.

/*
 * The library runs the state machine itself, every child of a Map and every branch of a Parallel through one method, which is
 * wrapped here. The library's public event log is too late for this: the next state has started by then. It also repeats the events
 * of every child. A subclass would not reach the children. The version of the library is fixed, and the Go tests fail if one of the
 * parts that are used here changes: execute(), definition, runOptions.overrides, eventLogger.dispatch().
 */
const libraryExecute = StateMachine.prototype.execute;

StateMachine.prototype.execute = async function (input, options, cleanUp) {
  const { processors, thresholdErrors, emit } = supervised.get(options.runOptions.overrides);
  const map = processors.get(this.definition);
  if (!map) {
    options.eventLogger.dispatch = observer(options, emit, undefined);
    return libraryExecute.call(this, input, options, cleanUp);
  }

  const children = mapRuns.get(this) ?? { started: 0, outputBytes: "[]".length, failed: false };
  mapRuns.set(this, children);
  const child = { state: map.name, index: children.started++ }; // Children start in the order of the items.
  if (children.failed) {
    // The library still starts the items that wait.
    cleanUp();
    throw new TerminalError("States.Runtime", `not started: another child of state "${map.name}" failed`);
  }

  emit({ event: "MapIterationStarted", ...child });
  if (map.distributed) options = ofDistributedChild(options, map, input);
  options.eventLogger.dispatch = observer(options, emit, child.index);
  let output;
  try {
    output = await libraryExecute.call(this, input, options, cleanUp);
  } catch (error) {
    if (!options.abortSignal.aborted) {
      children.failed = true;
      emit({ event: "MapIterationFailed", ...child, ...describe(error) });
    }
    throw map.distributed && thresholdErrors ? thresholdExceeded() : error;
  }
  if (options.abortSignal.aborted) return output;

  children.outputBytes += size(output) + (child.index > 0 ? ",".length : 0);
  measured(children.outputBytes, "children", map.name);
  if (children.outputBytes > PAYLOAD_LIMIT) {
    children.failed = true;
    throw overQuota(`the outputs of the children of state "${map.name}" so far are`, children.outputBytes);
  }
  emit({ event: "MapIterationSucceeded", ...child });
  return output;
};

// AWS reports a failed child of a distributed Map like this. The parent gets neither the child's error nor its cause.
function thresholdExceeded() {
  const cause = "The specified tolerated failure threshold was exceeded";
  return new TaskError("States.ExceedToleratedFailureThreshold", cause);
}

// A child of a distributed Map is an execution with its own name, start and input.
function ofDistributedChild(options, map, input) {
  const { context } = options.runOptions;
  const name = randomUUID();
  const run = {
    Id: `${context.Run.Id}/${map.name}:${name}`,
    Name: name,
    StartTime: new Date().toISOString(),
    Input: input,
    RedriveCount: 0,
  };
  return { ...options, runOptions: { ...options.runOptions, context: { ...context, Execution: run, Run: run } } };
}

/**
 * observer replaces the dispatch method of an event logger. The library calls it between two states, outside their Retry and Catch.
 * So an error that it throws ends the execution.
 */
function observer(options, emit, index) {
  const child = index === undefined ? {} : { index };
  let checked, bytes; // A state's output is the same object as the next state's input.
  let last; // the last failure
  return (event) => {
    const state = event.state?.name;
    switch (event.type) {
      case "StateEntered":
        if (event.state.input === checked) measured(bytes, "input", state);
        else withinQuota(event.state.input, "input", state);
        // Progress messages do not need the states of the children, of which there may be 10,000.
        if (index === undefined) emit({ event: "StateEntered", state });
        break;
      case "StateExited":
        checked = event.state.output;
        bytes = withinQuota(checked, "output", state);
        break;
      case "StateFailed":
        if (event.state.type === "Fail" && event.Error?.startsWith("States.")) {
          throw new TerminalError("States.Runtime", `the Fail state "${state}" may not raise ${event.Error}: names that begin with States. are reserved`);
        }
        last = { error: event.Error, cause: event.Cause?.message ?? event.Cause };
        break;
      case "StateRetried":
        // An abort ends the wait before a retry. Without this error, the library would then retry.
        if (options.abortSignal.aborted) throw new TerminalError("States.Runtime", "aborted");
        emit({ event: "StateRetried", state, ...child, ...last, attempt: event.retry.attempt });
        break;
      case "StateCaught":
        emit({ event: "StateCaught", state, ...child, ...last });
        break;
    }
  };
}
