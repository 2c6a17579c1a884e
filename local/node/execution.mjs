// Runs one execution with aws-local-stepfunctions, under Step Functions' rules that the library does not know.

import { randomUUID } from "node:crypto";
import { StateMachine } from "aws-local-stepfunctions";
import { prepare } from "./definition.mjs";
import { describe, TaskError, TerminalError } from "./errors.mjs";
import { measured, overQuota, PAYLOAD_LIMIT, size, withinQuota } from "./quota.mjs";
import { taskHandlers } from "./tasks.mjs";

/**
 * start begins the execution that the document asks for (see machine.mjs) and returns {result, abort}: a promise of the
 * output that rejects with what describe() in errors.mjs explains. emit is called with every event.
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

// What StateMachine.execute() is to heed of an execution, by the overrides that all its machines are run with.
const supervised = new WeakMap();
const mapRuns = new WeakMap(); // The library makes one StateMachine for the children of a Map each time it is entered.

/*
 * The one method through which the library runs the machine itself, every child of a Map and every branch of a Parallel is
 * wrapped. Its public event log comes too late for this (a state's successor has started by then) and forwards copies of
 * every child's events; a subclass would not reach the children. The version of the library is pinned, and the Go tests fail
 * on any change of what is used here: execute(), definition, runOptions.overrides, eventLogger.dispatch().
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
    // The library goes on starting the items that wait for a slot.
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
    throw overQuota(`what the children of state "${map.name}" have returned so far`, children.outputBytes);
  }
  emit({ event: "MapIterationSucceeded", ...child });
  return output;
};

// How AWS reports any failed child of a distributed Map: neither the child's error nor its cause reach the parent.
function thresholdExceeded() {
  const cause = "The specified tolerated failure threshold was exceeded";
  return new TaskError("States.ExceedToleratedFailureThreshold", cause);
}

// A child of a distributed Map is an execution of its own, with its own name, start and input.
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
 * observer takes the place of an event logger's dispatch. The library calls it synchronously between two states, outside
 * of their Retry and Catch, so what it throws ends the execution there.
 */
function observer(options, emit, index) {
  const child = index === undefined ? {} : { index };
  let checked, bytes; // A state's output is the very object that the next one gets as input.
  let last; // the last failure
  return (event) => {
    const state = event.state?.name;
    switch (event.type) {
      case "StateEntered":
        if (event.state.input === checked) measured(bytes, "input", state);
        else withinQuota(event.state.input, "input", state);
        // What each child passes through is of no use to a progress line, and there may be 10,000 of them.
        if (index === undefined) emit({ event: "StateEntered", state });
        break;
      case "StateExited":
        checked = event.state.output;
        bytes = withinQuota(checked, "output", state);
        break;
      case "StateFailed":
        last = { error: event.Error, cause: event.Cause?.message ?? event.Cause };
        break;
      case "StateRetried":
        // An abort ends the wait before a retry, and the library would then retry.
        if (options.abortSignal.aborted) throw new TerminalError("States.Runtime", "aborted");
        emit({ event: "StateRetried", state, ...child, ...last, attempt: event.retry.attempt });
        break;
      case "StateCaught":
        emit({ event: "StateCaught", state, ...child, ...last });
        break;
    }
  };
}
