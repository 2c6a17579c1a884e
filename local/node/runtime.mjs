// Every script here imports this file first. It adds what the packages need and older versions of Node lack.

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 3)) {
  console.error(`node ${process.versions.node} is too old: install Node.js 20.3 or newer`);
  process.exit(1);
}

// aws-local-stepfunctions requires Node 22, but only for this function.
Promise.withResolvers ??= function () {
  let resolve, reject;
  const promise = new this((onResolve, onReject) => ([resolve, reject] = [onResolve, onReject]));
  return { promise, resolve, reject };
};
