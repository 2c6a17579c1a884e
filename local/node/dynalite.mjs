// DynamoDB in memory on a free port of 127.0.0.1. Prints {"port":N} once it listens.

import "./runtime.mjs";
import dynalite from "dynalite";

// Tables are ready at once: nothing here tests how long AWS takes.
const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });

// Node closes a connection after 5 idle seconds, just when a client may be using it again. Leave that to the client.
server.keepAliveTimeout = 0;

server.listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({ port: server.address().port }));
});
