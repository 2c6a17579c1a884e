// Changes a definition so that aws-local-stepfunctions runs it as Step Functions does. Without this, some differences would go
// unnoticed.

// AWS gives a task so much time by default, and the interpreter 60 seconds.
const DEFAULT_TIMEOUT_SECONDS = 99_999_999;

// The fields that the interpreter ignores without notice, by type of state ("*" for every type).
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
 *   names      the names of all states;
 *   tasks      the Task states by name, including those in Map and Parallel states (names are unique in a state machine);
 *   inMaps     the names of the states in Map states;
 *   maps       the name, the state, the mode and the label of each Map state, by its name;
 *   processors the same by the definition inside the Map state;
 *   problems   a sentence for each part of the definition that the interpreter cannot run.
 */
export function prepare(original) {
  const definition = structuredClone(original);
  const found = { definition, names: [], tasks: new Map(), inMaps: new Set(), maps: new Map(), processors: new Map(), problems: [] };
  prepareMachine(definition, found, false);
  return found;
}

function prepareMachine(machine, found, inMap) {
  if (machine.QueryLanguage === "JSONata") found.problems.push("the state machine's QueryLanguage is JSONata");
  checkTransitions(machine, found.problems);
  for (const [name, state] of Object.entries(machine.States ?? {})) {
    prepareState(name, state, found, inMap);
  }
}

function prepareState(name, state, found, inMap) {
  found.names.push(name);
  if (inMap) found.inMaps.add(name);
  if (state.QueryLanguage === "JSONata") found.problems.push(`state "${name}" is JSONata`);
  for (const field of [...UNSUPPORTED["*"], ...(UNSUPPORTED[state.Type] ?? [])]) {
    if (field in state) found.problems.push(`state "${name}" uses ${field}`);
  }
  renameExecution(state);

  // "$" means the whole output. The interpreter would create a field with that name.
  for (const target of [state, ...(state.Catch ?? [])]) {
    if (target.ResultPath === "$") delete target.ResultPath;
  }

  switch (state.Type) {
    case "Task":
      found.tasks.set(name, state);
      if (!state.TimeoutSecondsPath) state.TimeoutSeconds ??= DEFAULT_TIMEOUT_SECONDS;
      break;
    case "Pass":
      // The interpreter ignores a Result of 0, false, "" or null, but not such Parameters.
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
      const map = { name, state, distributed: processor.ProcessorConfig?.Mode === "DISTRIBUTED", label: state.Label ?? name };
      found.maps.set(name, map);
      found.processors.set(processor, map);
      prepareMachine(processor, found, true);
      break;
    }
    case "Parallel":
      for (const branch of state.Branches ?? []) prepareMachine(branch, found, inMap);
      break;
  }
}

// The library's own validation takes half a second, so only validate.mjs uses it. This function checks what would make the library
// fail.
function checkTransitions(machine, problems) {
  const states = machine.States ?? {};
  const check = (from, target) => {
    if (target !== undefined && !Object.hasOwn(states, target)) problems.push(`${from} leads to "${target}", which is not a state`);
  };
  check("StartAt", machine.StartAt ?? null);
  for (const [name, { Next, Default, Choices = [], Catch = [] }] of Object.entries(states)) {
    for (const target of [Next, Default, ...Choices.map((rule) => rule.Next), ...Catch.map((catcher) => catcher.Next)]) {
      check(`state "${name}"`, target);
    }
  }
}

// In the interpreter, {IsPresent: false} and similar tests never match. Not {IsPresent: true} means the same and works.
function negateTests(rule) {
  if (rule.And) return { ...rule, And: rule.And.map(negateTests) };
  if (rule.Or) return { ...rule, Or: rule.Or.map(negateTests) };
  if (rule.Not) return { ...rule, Not: negateTests(rule.Not) };
  const test = Object.keys(rule).find((key) => /^Is[A-Z]/.test(key) && rule[key] === false);
  if (!test) return rule;
  const { Next, Variable } = rule;
  return { Not: { Variable, [test]: true }, ...(Next && { Next }) };
}

// The interpreter overwrites $$.Execution.StartTime and, inside an inline Map, $$.Execution.Input. It does not change other names of
// the context object. So paths read $$.Run instead, which execution.mjs sets.
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
