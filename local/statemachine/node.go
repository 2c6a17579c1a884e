package statemachine

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"dynamodb-to-s3/local/checkout"
	"dynamodb-to-s3/local/childprocess"
)

// stopGrace is how long Node.js may take to leave after SIGTERM.
const stopGrace = 2 * time.Second

// runScript runs a script of local/node with stdin as its input, while read takes its output to the end. The script ends
// with ctx, or when read fails.
func runScript(ctx context.Context, script string, stdin []byte, read func(stdout io.Reader) error) error {
	parent := ctx
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd, err := command(ctx, script)
	if err != nil {
		return err
	}
	var complaints bytes.Buffer
	cmd.Stdin = bytes.NewReader(stdin)
	cmd.Stderr = &complaints
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	child, err := childprocess.Start(cmd)
	if err != nil {
		return err
	}
	readErr := read(stdout)
	if readErr != nil {
		cancel()
	}
	err = child.Wait()
	switch {
	case parent.Err() != nil:
		return parent.Err()
	case readErr != nil:
		return readErr
	case err != nil:
		return fmt.Errorf("%s: %w: %s", script, err, bytes.TrimSpace(complaints.Bytes()))
	}
	return nil
}

// command returns the command that runs a script of local/node, and ends it with ctx.
func command(ctx context.Context, script string) (*exec.Cmd, error) {
	here, err := checkout.Find()
	if err != nil {
		return nil, err
	}
	scripts, err := here.Scripts()
	if err != nil {
		return nil, err
	}
	node, err := checkout.NodeJS()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, node, filepath.Join(scripts, script))
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopGrace
	return cmd, nil
}
