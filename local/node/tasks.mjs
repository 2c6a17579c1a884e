// Runs Task states by calling the local server: Lambda functions through Lambda's Invoke API, and SDK integrations through the server
// of local/sdkintegration.

import http from "node:http";
import { TaskError, TerminalError } from "./errors.mjs";
import { withinQuota } from "./quota.mjs";

// "arn:aws:states:::aws-sdk:dynamodb:describeExport", without a suffix such as .waitForTaskToken.
const INTEGRATION_ARN = /^arn:[^:]+:states:::aws-sdk:([a-z0-9]+):([A-Za-z0-9]+)$/;

// The name, without a version or alias.
const FUNCTION_ARN = /^arn:[^:]+:lambda:[^:]*:[^:]*:function:([^:]+)/;

// The names that Step Functions has for HTTP statuses of the Invoke API, if the answer's header has no name.
const ERRORS_BY_STATUS = {
  404: "ResourceNotFoundException",
  413: "RequestTooLargeException",
  429: "TooManyRequestsException",
};

/**
 * Returns a function for each Task state, by the state's name. The function gets the processed input and returns the result. report is
 * called with an event before and after each call.
 */
export function taskHandlers(tasks, serverUrl, report) {
  const call = caller(serverUrl);
  const handlers = {};
  for (const [state, { Resource: resource, TimeoutSeconds: timeoutSeconds }] of tasks) {
    const answer = lambda(resource, call) ?? integration(state, resource, call) ?? (() => unsupported(state, resource));
    handlers[state] = async (input) => {
      withinQuota(input, "payload", state);
      report({ event: "TaskScheduled", state, resource, timeoutSeconds, input });
      try {
        const result = await answer(input);
        report({ event: "TaskSucceeded", state, resource, output: result });
        withinQuota(result, "result", state);
        return result;
      } catch (error) {
        report({ event: "TaskFailed", state, resource, error: error.name, cause: error.message });
        throw error;
      }
    };
  }
  return handlers;
}

function lambda(resource, call) {
  const name = FUNCTION_ARN.exec(resource)?.[1];
  return name && ((input) => invoke(name, input, call));
}

function integration(state, resource, call) {
  const [, service, action] = INTEGRATION_ARN.exec(resource) ?? [];
  return action && ((input) => callService(state, resource, `/aws-sdk/${service}/${action}`, input, call));
}

async function callService(state, resource, path, input, call) {
  const broken = (cause) => new TerminalError("States.Runtime", `state "${state}": call ${resource}: ${cause}`);
  let answer;
  try {
    answer = await call(path, input);
  } catch (error) {
    throw broken(error.message || error.code); // The local server cannot be reached. This is not an error of the service.
  }
  if (answer.status === 404) unsupported(state, resource);
  const result = parse(answer.body);
  if (answer.status === 200 && result !== undefined) return result;
  const { error, cause } = result ?? {};
  if (error === undefined || error === "States.Runtime") throw broken(cause ?? answer.body.slice(0, 200));
  throw new TaskError(error, cause);
}

// The error is terminal, so that no Catch handles a missing feature of the local run as an error of the task.
function unsupported(state, resource) {
  throw new TerminalError("States.Runtime", `state "${state}": the local runner cannot call "${resource}"`);
}

async function invoke(name, input, call) {
  let answer;
  try {
    answer = await call(`/2015-03-31/functions/${encodeURIComponent(name)}/invocations`, input);
  } catch (error) {
    throw new TaskError("Lambda.SdkClientException", `invoke function ${name}: ${error.message || error.code}`);
  }
  return readAnswer(name, answer);
}

function readAnswer(name, { status, headers, body }) {
  if (status !== 200) {
    const declared = headers["x-amzn-errortype"]?.split(":")[0];
    const error = declared ?? ERRORS_BY_STATUS[status] ?? (status >= 500 ? "ServiceException" : "AWSLambdaException");
    throw new TaskError(`Lambda.${error}`, `invoke function ${name}: HTTP ${status}: ${body.trim()}`);
  }
  if (headers["x-amz-function-error"]) {
    // In Step Functions, the whole answer of the function is the Cause.
    throw new TaskError(parse(body)?.errorType || "Lambda.Unknown", body);
  }
  const result = body === "" ? null : parse(body);
  if (result === undefined) {
    throw new TaskError("Lambda.SdkClientException", `invoke function ${name}: the answer is not JSON: ${body.slice(0, 200)}`);
  }
  return result;
}

function parse(body) {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

// This uses the http module because fetch waits at most 300 seconds for the headers of an answer, and an invocation may take 900.
// Connections are reused: a connection for each call of 10,000 children would use up the local ports.
const agent = new http.Agent({ keepAlive: true, maxSockets: Infinity, maxFreeSockets: 1024 });

/** Returns a function that posts JSON to a path of the server and returns a promise of {status, headers, body}. */
function caller(serverUrl) {
  return (path, input) => post(serverUrl + path, JSON.stringify(input));
}

function post(url, payload) {
  return new Promise((resolve, reject) => {
    const headers = { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(payload) };
    const request = http.request(url, { method: "POST", agent, headers }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const body = Buffer.concat(chunks).toString("utf8");
        resolve({ status: response.statusCode, headers: response.headers, body });
      });
    });
    request.on("error", (error) => {
      // The server closed a reused connection before it got this request. Nothing ran, so send the request again.
      if (request.reusedSocket && error.code === "ECONNRESET") resolve(post(url, payload));
      else reject(error);
    });
    request.end(payload);
  });
}
