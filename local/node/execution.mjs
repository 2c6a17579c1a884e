// Runs one execution with aws-local-stepfunctions, and adds rules of Step Functions that the library does not have.

import { randomUUID } from "node:crypto";
import { prepare } from "./definition.mjs";
import { describe, TaskError, TerminalError } from "./errors.mjs";
import { StateMachine } from "./library.mjs";
import { measured, overQuota, PAYLOAD_LIMIT, size, withinQuota } from "./quota.mjs";
import { taskHandlers } from "./tasks.mjs";

/**
 * start starts the execution of a document (see machine.mjs) and returns {result, abort}. result is a promise of the output; it
 * rejects with an error that describe() in errors.mjs understands. emit is called with every event.
 */
export function start(document, emit) {
  const { definition, names, tasks, inMaps, maps, processors, problems } = prepare(document.definition);
  if (problems.length > 0) {
    throw new TerminalError("States.Runtime", `the local runner cannot run this definition: ${problems.join("; ")}`);
  }
  const machine = new StateMachine(definition, { validationOptions: { noValidate: true } });
  const { execution, stateMachine, input, resume } = document;
  if (resume) definition.StartAt = resume.state;
  const history = document.history ? emit : () => {};
  const report = (event) => inMaps.has(event.state) || history(event);
  const overrides = { taskResourceLocalHandlers: taskHandlers(tasks, document.invokeUrl, report) };
  if (document.hurried) {
    overrides.retryIntervalOverrides = overrides.waitTimeOverrides = Object.fromEntries(names.map((name) => [name, 1]));
  }
  supervised.set(overrides, { processors, maps, thresholdErrors: document.thresholdErrors, emit, history, full: document.history, resume });

  const run = {
    Id: execution.id,
    Name: execution.name,
    StartTime: execution.startTime,
    Input: input,
    RedriveCount: document.redriveCount ?? 0,
  };
  return machine.run(resume ? resume.input : input, {
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
  const all = supervised.get(options.runOptions.overrides);
  const { processors, thresholdErrors, emit, history, full, resume } = all;
  const map = processors.get(this.definition);
  if (!map) {
    options.eventLogger.dispatch = observer(options, all, undefined);
    return libraryExecute.call(this, input, options, cleanUp);
  }

  let children = mapRuns.get(this);
  if (!children) {
    children = { started: 0, outputBytes: "[]".length, failed: false, before: [] };
    mapRuns.set(this, children);
    if (resume?.state === map.name) {
      children.before = resume.children ?? [];
      delete resume.state; // If the Map is entered again, all of its children are new.
    }
  }
  const child = { state: map.name, index: children.started++ }; // Children start in the order of the items.
  if (children.failed) {
    // The library still starts the items that wait.
    cleanUp();
    throw new TerminalError("States.Runtime", `not started: another child of state "${map.name}" failed`);
  }

  const before = children.before[child.index]; // how far the child has come before a redrive
  const succeeded = before && "output" in before;
  const name = before?.name ?? randomUUID();
  if (succeeded) cleanUp();
  else emit({ event: "MapIterationStarted", ...child, ...(full && { name, input: before ? undefined : input }) });
  if (map.distributed) options = ofDistributedChild(options, map, name, input);
  const observed = observer(options, all, child.index);
  options.eventLogger.dispatch = observed;
  const onAbort = () => history({ event: "MapIterationAborted", ...child, at: observed.last() });
  if (!succeeded) options.abortSignal.addEventListener("abort", onAbort, { once: true });
  let output;
  try {
    output = succeeded ? before.output : await libraryExecute.call(startingAt(this, before), before ? before.input : input, options, cleanUp);
  } catch (error) {
    if (!options.abortSignal.aborted) {
      children.failed = true;
      emit({ event: "MapIterationFailed", ...child, ...describe(error), ...(full && { at: observed.last() }) });
    }
    throw map.distributed && thresholdErrors ? thresholdExceeded() : error;
  } finally {
    options.abortSignal.removeEventListener("abort", onAbort);
  }
  if (options.abortSignal.aborted) return output;

  children.outputBytes += size(output) + (child.index > 0 ? ",".length : 0);
  measured(children.outputBytes, "children", map.name);
  if (children.outputBytes > PAYLOAD_LIMIT) {
    children.failed = true;
    throw overQuota(`the outputs of the children of state "${map.name}" so far are`, children.outputBytes);
  }
  if (!succeeded) emit({ event: "MapIterationSucceeded", ...child, ...(full && { output }) });
  return output;
};

// A child that is redriven starts at the state where it has ended, with that state's input.
function startingAt(machine, before) {
  if (!before) return machine;
  return Object.assign(Object.create(StateMachine.prototype), machine, { definition: { ...machine.definition, StartAt: before.state } });
}

// AWS reports a failed child of a distributed Map like this. The parent gets neither the child's error nor its cause.
function thresholdExceeded() {
  const cause = "The specified tolerated failure threshold was exceeded";
  return new TaskError("States.ExceedToleratedFailureThreshold", cause);
}

// A child of a distributed Map is an execution with its own name, start and input.
function ofDistributedChild(options, map, name, input) {
  const { context } = options.runOptions;
  const run = {
    Id: `${context.Run.Id.replace(/:[^:]*$/, "")}/${map.label}:${name}`,
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
function observer(options, { emit, history, full, maps }, index) {
  const child = index === undefined ? {} : { index };
  let checked, bytes; // A state's output is the same object as the next state's input.
  let last; // the last failure
  let at; // the state that was entered last, and its input
  const observe = (event) => {
    const { name: state, type } = event.state ?? {};
    switch (event.type) {
      case "StateEntered":
        at = { state, input: event.state.input };
        if (event.state.input === checked) measured(bytes, "input", state);
        else withinQuota(event.state.input, "input", state);
        // Progress messages do not need the states of the children, of which there may be 10,000.
        if (index === undefined) emit({ event: "StateEntered", state, ...(full && { type, input: at.input }) });
        if (index === undefined && type === "Map") history({ event: "MapStarted", state, ...itemsOf(maps.get(state), at.input) });
        break;
      case "StateExited":
        checked = event.state.output;
        bytes = withinQuota(checked, "output", state);
        if (index === undefined) history({ event: "StateExited", state, type, output: checked });
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
  observe.last = () => at;
  return observe;
}

// Returns the mode and label of a Map, how many items it has, and how many of its children run at once. A number is undefined if its path
// is not plain.
function itemsOf({ state, distributed, label }, input) {
  const read = (path, json) => path.split(".").slice(1).reduce((value, field) => value?.[field], json);
  const processed = state.InputPath ? read(state.InputPath, input) : input;
  const items = state.ItemsPath ? read(state.ItemsPath, processed) : processed;
  const maxConcurrency = state.MaxConcurrencyPath ? read(state.MaxConcurrencyPath, processed) : state.MaxConcurrency;
  return { distributed, label, length: items?.length, maxConcurrency };
}
