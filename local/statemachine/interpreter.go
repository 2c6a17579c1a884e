package statemachine

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"dynamodb-to-s3/local/childprocess"
)

// An Interpreter is a Node.js process that runs many executions at once. Its methods may be called from any goroutine.
type Interpreter struct {
	stop   context.CancelFunc
	stdin  io.WriteCloser
	ended  chan struct{} // closed when Node.js has ended
	stderr bytes.Buffer

	mu   sync.Mutex // guards the following fields and the writes to stdin
	last int
	runs map[int]listener
	err  error // why Node.js has ended
}

// A listener receives the lines of one execution until gone is closed.
type listener struct {
	lines chan line
	gone  chan struct{}
}

// StartInterpreter starts Node.js, which runs until Stop. ctx limits the start only.
func StartInterpreter(ctx context.Context) (*Interpreter, error) {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	i := &Interpreter{stop: stop, ended: make(chan struct{}), runs: map[int]listener{}}
	if err := i.start(ctx); err != nil {
		stop()
		return nil, fmt.Errorf("start interpreter: %w", err)
	}
	return i, nil
}

func (i *Interpreter) start(ctx context.Context) error {
	cmd, err := command(ctx, "machine.mjs")
	if err != nil {
		return err
	}
	cmd.Stderr = &i.stderr
	if i.stdin, err = cmd.StdinPipe(); err != nil {
		return err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	child, err := childprocess.Start(cmd)
	if err != nil {
		return err
	}
	go func() {
		err := errors.Join(i.read(stdout), child.Wait())
		i.mu.Lock()
		i.err = fmt.Errorf("the interpreter has ended: %w: %s", err, bytes.TrimSpace(i.stderr.Bytes()))
		i.mu.Unlock()
		close(i.ended)
	}()
	return nil
}

// Stop ends Node.js and the executions that still run. It may be called more than once.
func (i *Interpreter) Stop() {
	i.stop()
	_ = i.stdin.Close() // Node.js ends at the end of its input
	<-i.ended
}

// read passes every line to the listener of its execution.
func (i *Interpreter) read(stdout io.Reader) error {
	lines := bufio.NewReader(stdout)
	for {
		text, err := lines.ReadBytes('\n')
		if err != nil {
			return err
		}
		var l line
		if err := json.Unmarshal(text, &l); err != nil {
			return fmt.Errorf("read answer %.100q: %w", text, err)
		}
		l.Cause = message(l.RawCause)
		i.mu.Lock()
		to, found := i.runs[l.Run]
		i.mu.Unlock()
		if !found {
			continue
		}
		select {
		case to.lines <- l:
		case <-to.gone:
		}
	}
}

// Run runs an execution as the function Run does. If ctx ends, Run aborts the execution, and returns after the last event. A function that
// the execution has called still works until its invocation ends.
func (i *Interpreter) Run(ctx context.Context, execution Execution) (Outcome, error) {
	number, listener, err := i.begin(execution)
	if err != nil {
		return Outcome{}, fmt.Errorf("run state machine: %w", err)
	}
	defer i.forget(number, listener)
	aborted := ctx.Done()
	for {
		select {
		case l := <-listener.lines:
			if l.Status != "" && ctx.Err() != nil {
				return Outcome{}, fmt.Errorf("run state machine: %w", ctx.Err())
			}
			if l.Status != "" {
				return l.outcome()
			}
			if execution.OnEvent != nil {
				execution.OnEvent(l.Event)
			}
		case <-i.ended:
			return Outcome{}, fmt.Errorf("run state machine: %w", i.err)
		case <-aborted:
			aborted = nil
			i.abort(number)
		}
	}
}

func (i *Interpreter) begin(execution Execution) (int, listener, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.last++
	input, err := document(i.last, execution)
	if err != nil {
		return 0, listener{}, err
	}
	i.runs[i.last] = listener{lines: make(chan line), gone: make(chan struct{})}
	_, err = i.stdin.Write(append(input, '\n'))
	return i.last, i.runs[i.last], err
}

// abort aborts an execution. If Node.js has ended, nothing is left to abort.
func (i *Interpreter) abort(number int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	_, _ = fmt.Fprintf(i.stdin, `{"run":%d,"abort":true}`+"\n", number)
}

func (i *Interpreter) forget(number int, l listener) {
	close(l.gone)
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.runs, number)
}
