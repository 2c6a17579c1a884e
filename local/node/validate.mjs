// Checks a definition on stdin against the Amazon States Language: its schema, paths and transitions. Prints the problems, or nothing
// if there are none, and exits with 0 in both cases.

import "./runtime.mjs";
import { json } from "node:stream/consumers";
import validate from "asl-validator";

const { isValid, errorsText } = validate(await json(process.stdin), { checkArn: true, checkPaths: true });
if (!isValid) console.log(errorsText("\n"));
