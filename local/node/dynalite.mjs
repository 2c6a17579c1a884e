// DynamoDB in memory on a free port of 127.0.0.1. Prints {"port":N} once it listens.

import "./runtime.mjs";
import { createRequire } from "node:module";
mendScan();
const { default: dynalite } = await import("dynalite");

// Tables are ready at once: nothing here tests how long AWS takes.
const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });

// Node closes a connection after 5 idle seconds, just when a client may be using it again. Leave that to the client.
server.keepAliveTimeout = 0;

// dynalite throws where a client goes away in the middle of a request, as one does whose time is up. That is no reason to end.
process.on("uncaughtException", (error) => {
  if (error.code === "ECONNRESET") return;
  console.error(error);
  process.exit(1);
});

server.listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({ port: server.address().port }));
});

/**
 * mendScan corrects dynalite's segments. It divides 4,096 ranges of hashes among them, and where there are more segments
 * than ranges, the last ones begin after the last range, which it then writes as the first: they would hold the whole table
 * once more. They are empty.
 */
function mendScan() {
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
