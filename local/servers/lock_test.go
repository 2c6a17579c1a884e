package servers_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"dynamodb-to-s3/local/servers"
)

func TestLock(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), ".local")
	unlock, err := servers.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("another local run (pid %d) is using .local: wait for it or stop it. If it is serve, you can also set the variables that it shows", os.Getpid())
	if _, err := servers.Lock(dir); err == nil || err.Error() != want {
		t.Errorf("the second lock: %v, want %s", err, want)
	}
	unlock()
	unlock, err = servers.Lock(dir)
	if err != nil {
		t.Fatalf("lock after unlock: %v", err)
	}
	unlock()
}
