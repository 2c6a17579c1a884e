// Readies a definition for aws-local-stepfunctions, which differs from Step Functions in ways that would go unnoticed.

// setTimeout fires at once for more than 2^31-1 milliseconds; AWS allows a task 99,999,999 seconds by default.
const LONGEST_TIMEOUT_SECONDS = 2_147_483;

// What the interpreter would silently ignore, by the type of state ("*": any).
const UNSUPPORTED = {
  "*": ["Assign", "Arguments", "Output"],
  Map: [
    "ItemReader",
    "ItemBatcher",
    "ResultWriter",
    "ToleratedFailurePercentage",
    "ToleratedFailurePercentagePath",
    "ToleratedFailureCount",
    "ToleratedFailureCountPath",
  ],
};

/**
 * prepare returns a copy of the definition that the interpreter runs as Step Functions runs the original, with
 *   names      of all states;
 *   tasks      every Task state by name, those inside Map and Parallel states too (names are unique in a machine);
 *   processors for the definition inside each Map state, that state's name and whether it is distributed;
 *   problems   what the interpreter cannot do, a sentence each.
 */
export function prepare(original) {
  const definition = structuredClone(original);
  const found = { definition, names: [], tasks: new Map(), processors: new Map(), problems: [] };
  prepareMachine(definition, found);
  return found;
}

function prepareMachine(machine, found) {
  if (machine.QueryLanguage === "JSONata") found.problems.push("the state machine's QueryLanguage is JSONata");
  limitTimeout(machine);
  checkTransitions(machine, found.problems);
  for (const [name, state] of Object.entries(machine.States ?? {})) {
    prepareState(name, state, found);
  }
}

function prepareState(name, state, found) {
  found.names.push(name);
  if (state.QueryLanguage === "JSONata") found.problems.push(`state "${name}" is JSONata`);
  for (const field of [...UNSUPPORTED["*"], ...(UNSUPPORTED[state.Type] ?? [])]) {
    if (field in state) found.problems.push(`state "${name}" uses ${field}`);
  }
  renameExecution(state);

  // "$" means the whole; the interpreter would make a field of that name.
  for (const target of [state, ...(state.Catch ?? [])]) {
    if (target.ResultPath === "$") delete target.ResultPath;
  }

  switch (state.Type) {
    case "Task":
      found.tasks.set(name, state);
      // Without the field the interpreter gives a task 60 seconds.
      if (!state.TimeoutSecondsPath) state.TimeoutSeconds ??= LONGEST_TIMEOUT_SECONDS;
      limitTimeout(state);
      break;
    case "Pass":
      // A Result of 0, false, "" or null is ignored, Parameters are not.
      if ("Result" in state && !state.Result) {
        state.Parameters = state.Result;
        delete state.Result;
      }
      break;
    case "Choice":
      state.Choices = state.Choices?.map(negateTests);
      break;
    case "Map": {
      const processor = state.ItemProcessor ?? state.Iterator ?? {};
      found.processors.set(processor, { name, distributed: processor.ProcessorConfig?.Mode === "DISTRIBUTED" });
      prepareMachine(processor, found);
      break;
    }
    case "Parallel":
      for (const branch of state.Branches ?? []) prepareMachine(branch, found);
      break;
  }
}

// The library's own validation takes half a second for each execution and is left to validate.mjs; what it would stumble
// over is checked here.
function checkTransitions(machine, problems) {
  const states = machine.States ?? {};
  const check = (from, target) => {
    if (target !== undefined && !Object.hasOwn(states, target)) problems.push(`${from} leads to "${target}", which is no state`);
  };
  check("StartAt", machine.StartAt ?? null);
  for (const [name, { Next, Default, Choices = [], Catch = [] }] of Object.entries(states)) {
    for (const target of [Next, Default, ...Choices.map((rule) => rule.Next), ...Catch.map((catcher) => catcher.Next)]) {
      check(`state "${name}"`, target);
    }
  }
}

function limitTimeout(target) {
  if (target.TimeoutSeconds > LONGEST_TIMEOUT_SECONDS) target.TimeoutSeconds = LONGEST_TIMEOUT_SECONDS;
}

// {IsPresent: false} and its kin never match in the interpreter; Not {IsPresent: true} is the same and does.
function negateTests(rule) {
  if (rule.And) return { ...rule, And: rule.And.map(negateTests) };
  if (rule.Or) return { ...rule, Or: rule.Or.map(negateTests) };
  if (rule.Not) return { ...rule, Not: negateTests(rule.Not) };
  const test = Object.keys(rule).find((key) => /^Is[A-Z]/.test(key) && rule[key] === false);
  if (!test) return rule;
  const { Next, Variable } = rule;
  return { Not: { Variable, [test]: true }, ...(Next && { Next }) };
}

// The interpreter overwrites $$.Execution.StartTime and, inside an inline Map, $$.Execution.Input. It leaves every other
// name of the context object alone, so paths read $$.Run instead, which execution.mjs fills.
function renameExecution(value) {
  for (const [key, inner] of Object.entries(value)) {
    if (typeof inner === "object" && inner !== null) {
      const nestedMachine = ["ItemProcessor", "Iterator", "Branches"].includes(key);
      if (!nestedMachine && key !== "Result") renameExecution(inner);
    } else if (typeof inner === "string" && /(\.\$|Path|^Variable)$/.test(key)) {
      value[key] = inner.replaceAll("$$.Execution", () => "$$.Run");
    }
  }
}
