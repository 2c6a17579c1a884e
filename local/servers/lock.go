package servers

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Lock makes this process the only one that uses dir, normally .local, until it calls unlock or ends. The kernel holds the lock as
// long as unlock is referenced. If another process has the lock, Lock returns an error with the number of that process.
func Lock(dir string) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	if err := take(file, dir); err != nil {
		_ = file.Close()
		return nil, err
	}
	// The file stays. If it were removed, a second process could lock it while a third process locks a new file.
	return func() { _ = file.Close() }, nil
}

func take(file *os.File, dir string) error {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		holder, _ := io.ReadAll(file) // the number only helps to find the process
		return fmt.Errorf("another local run (pid %s) is using %s: wait for it or stop it. If it is serve, you can also set the variables that it shows",
			strings.TrimSpace(string(holder)), filepath.Base(dir))
	}
	if err != nil {
		return fmt.Errorf("lock %s: %w", dir, err)
	}
	if err := file.Truncate(0); err != nil {
		return fmt.Errorf("lock %s: %w", dir, err)
	}
	if _, err := fmt.Fprintf(file, "%d\n", os.Getpid()); err != nil {
		return fmt.Errorf("lock %s: %w", dir, err)
	}
	return nil
}
