// Runs queries in DuckDB, in memory, one after the other.
//
//   stdin   one JSON document a line: {"sql":"…"}, and in it "plain":true for plain values
//   stdout  for each query, one JSON document a line:
//             {"columns":[{"name":"…","type":"…"}]}
//             ["…",null,…]     one line for each row
//           and at the end {} or {"error":"…"}, which has DuckDB's message
//   exit    0 after the end of stdin
//
// No value loses anything. A number is text with all of its digits, BOOLEAN is true or false, and BLOB is Base64. A list is an array, a
// STRUCT is an object, and a MAP is an array of [key, value]. Any other value is text. Of plain values, a number is a JSON number with all of
// its digits, and a MAP is an object.

import "../node/runtime.mjs";
import { once } from "node:events";
import { createInterface } from "node:readline";
import {
  DuckDBArrayVector, DuckDBBlobVector, DuckDBBooleanVector, DuckDBInstance, DuckDBListVector, DuckDBMapVector, DuckDBStructVector, DuckDBTypeId,
} from "@duckdb/node-api";

// Whatever DuckDB needs is installed with it. It must not download anything during a query.
const settings = { autoinstall_known_extensions: "false", autoload_known_extensions: "false" };

const numbers = new Set(
  [
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL",
  ].map((name) => DuckDBTypeId[name]),
);

/** writer returns a function that returns the JSON of the value at an index of a vector. */
function writer(vector, plain) {
  if (vector instanceof DuckDBStructVector) {
    const names = vector.type.entryNames.map((name) => JSON.stringify(name) + ":");
    const members = names.map((_, i) => writer(vector.entryVectorAt(i), plain));
    return (i) => (vector.isItemValid(i) ? "{" + members.map((member, m) => names[m] + member(i)).join() + "}" : "null");
  }
  if (vector instanceof DuckDBListVector) return list(vector, writer(vector.childVector, plain));
  if (vector instanceof DuckDBMapVector) {
    const entries = vector.listVector.childVector;
    const [key, value] = [writer(entries.entryVectorAt(0), plain), writer(entries.entryVectorAt(1), plain)];
    const name = (text) => (text[0] === '"' ? text : JSON.stringify(text)); // the keys of a map have any type
    if (plain) return list(vector.listVector, (i) => `${name(key(i))}:${value(i)}`, "{}");
    return list(vector.listVector, (i) => `[${key(i)},${value(i)}]`);
  }
  if (vector instanceof DuckDBArrayVector) throw new Error("a column of type ARRAY is not supported: cast it to a list");
  const text = scalar(vector, plain);
  return (i) => {
    const value = vector.getItem(i);
    return value === null ? "null" : text(value);
  };
}

function list(vector, element, [open, close] = "[]") {
  return (i) => {
    if (!vector.validity.itemValid(i)) return "null";
    const from = vector.getEntryOffset(i);
    const elements = [];
    for (let e = from; e < from + vector.getEntryLength(i); e++) elements.push(element(e));
    return open + elements.join() + close;
  };
}

function scalar(vector, plain) {
  const text = (value) => (Object.is(value, -0) ? "-0" : String(value));
  if (vector instanceof DuckDBBlobVector) return (value) => `"${Buffer.from(value.bytes).toString("base64")}"`;
  if (vector instanceof DuckDBBooleanVector) return String;
  if (plain && numbers.has(vector.type.typeId)) return (value) => (/\d$/.test(value) ? text(value) : JSON.stringify(text(value))); // NaN is no number of JSON
  return (value) => JSON.stringify(text(value));
}

// Lines are written together, up to this many characters.
const most = 1 << 16;
let lines = "";
async function flush() {
  const written = process.stdout.write(lines);
  lines = "";
  if (!written) await once(process.stdout, "drain");
}

async function query(connection, { sql, plain }) {
  const result = await connection.stream(sql);
  const columns = result.columnNames().map((name, i) => ({ name, type: String(result.columnType(i)) }));
  lines += JSON.stringify({ columns }) + "\n";
  for (let chunk; (chunk = await result.fetchChunk())?.rowCount; ) {
    const values = columns.map((_, i) => writer(chunk.getColumnVector(i), plain));
    const rows = chunk.rowCount;
    for (let row = 0; row < rows; row++) {
      lines += "[" + values.map((value) => value(row)).join() + "]\n";
      if (lines.length >= most) await flush();
    }
  }
}

// The reader has ended.
process.stdout.on("error", () => process.exit(1));

const connection = await (await DuckDBInstance.create(":memory:", settings)).connect();
for await (const line of createInterface({ input: process.stdin })) {
  try {
    await query(connection, JSON.parse(line));
    lines += "{}\n";
  } catch (error) {
    lines += JSON.stringify({ error: error.message }) + "\n";
  }
  await flush();
}
