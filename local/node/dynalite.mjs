// DynamoDB in memory on a free port of 127.0.0.1. Prints {"port":N} once it listens. An argument is the TableId of the first table.

import "./runtime.mjs";
import { createRequire } from "node:module";
correctScan();
if (process.argv[2]) setFirstTableId(process.argv[2]);
const { default: dynalite } = await import("dynalite");

// Tables are ready immediately: no test depends on how long AWS takes.
const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });

// By default, Node closes a connection after 5 idle seconds, possibly when a client uses it again. Only clients close connections.
server.keepAliveTimeout = 0;

// dynalite throws if a client leaves in the middle of a request, for example at its timeout. The server goes on.
process.on("uncaughtException", (error) => {
  if (error.code === "ECONNRESET") return;
  console.error(error);
  process.exit(1);
});

server.listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({ port: server.address().port }));
});

/** setFirstTableId gives the first table that is created an id. dynalite gives each table a random one. */
function setFirstTableId(id) {
  const require = createRequire(import.meta.url);
  const path = require.resolve("dynalite/actions/createTable");
  const createTable = require(path);
  require.cache[path].exports = (store, data, done) => {
    if (id) Object.defineProperty(data, "TableId", { enumerable: true, value: id });
    id = undefined;
    createTable(store, data, done);
  };
}

/**
 * correctScan corrects dynalite's segments. dynalite divides 4,096 ranges of hashes among the segments. If there are more segments
 * than ranges, the last segments begin after the last range, and dynalite returns the whole table again for each of them. They
 * must be empty.
 */
function correctScan() {
  const require = createRequire(import.meta.url);
  const path = require.resolve("dynalite/actions/scan");
  const scan = require(path);
  require.cache[path].exports = (store, data, done) => {
    if (Math.ceil((4096 * data.Segment) / data.TotalSegments) < 4096 || !data.Segment) return scan(store, data, done);
    store.getTable(data.TableName, (error) => {
      if (error) return done(error);
      const empty = { Count: 0, ScannedCount: 0, Items: [] };
      if (data.ReturnConsumedCapacity === "TOTAL") empty.ConsumedCapacity = { CapacityUnits: 0.5, TableName: data.TableName };
      done(null, empty);
    });
  };
}
