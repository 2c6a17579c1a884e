// Package job holds the words of a run that every other part speaks: the request and its checks, the plan made from it, the
// checkpoint that one invocation hands to the next, the result, the names of errors, states and functions, and the layout of
// keys under a run's root.
//
// It imports the standard library only, and it is the one package below lambda/ that infra/ and local/ may import for its
// words. Nothing here does I/O.
package job
