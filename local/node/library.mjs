// Loads aws-local-stepfunctions without three packages that it imports and that nothing here uses: the functions are not on AWS
// (tasks.mjs calls them), and validate.mjs alone validates definitions. The start of Node.js takes a third of the time without them.

import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
for (const unused of ["@aws-sdk/client-lambda", "@aws-sdk/credential-providers", "asl-validator"]) {
  const path = require.resolve(unused);
  require.cache[path] = { id: path, filename: path, loaded: true, exports: {} };
}

export const { StateMachine } = require("aws-local-stepfunctions");
