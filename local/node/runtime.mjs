// Every script here imports this file first. It adds what the packages need and older versions of Node lack.

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 3)) {
  console.error(`node ${process.versions.node} is too old: install Node.js 20.3 or newer`);
  process.exit(1);
}

// setTimeout fires immediately for more than 2^31-1 milliseconds, 24.8 days. A timeout or a wait may be longer.
const { setTimeout } = globalThis;
globalThis.setTimeout = (run, milliseconds, ...rest) => setTimeout(run, Math.min(milliseconds ?? 0, 2 ** 31 - 1), ...rest);

// aws-local-stepfunctions requires Node 22, but only for this function.
Promise.withResolvers ??= function () {
  let resolve, reject;
  const promise = new this((onResolve, onReject) => ([resolve, reject] = [onResolve, onReject]));
  return { promise, resolve, reject };
};

// TextDecoder removes U+FEFF from the beginning of a text. A text in an item can begin with it.
const { TextDecoder } = globalThis;
globalThis.TextDecoder = class extends TextDecoder {
  constructor(encoding, options) {
    super(encoding, { ignoreBOM: true, ...options });
  }
};
