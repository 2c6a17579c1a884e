// Checks a definition, given on stdin, against the Amazon States Language: its schema, its paths, its transitions. Prints
// what is wrong with it, nothing if it is well, and exits with 0 in both cases.

import "./runtime.mjs";
import { json } from "node:stream/consumers";
import validate from "asl-validator";

const { isValid, errorsText } = validate(await json(process.stdin), { checkArn: true, checkPaths: true });
if (!isValid) console.log(errorsText("\n"));
