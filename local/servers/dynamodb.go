package servers

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"

	"dynamodb-to-s3/local/checkout"
)

// StartDynamoDB starts an empty DynamoDB in memory and returns when it answers. ctx limits the start only: the server runs until
// Stop. The error is checkout.ErrNoNode if Node.js is not installed.
func StartDynamoDB(ctx context.Context, config Config) (*Server, error) {
	node, err := checkout.NodeJS()
	if err != nil {
		return nil, err
	}
	arguments := []string{filepath.Join(config.Scripts, "dynalite.mjs")}
	if config.TableID != "" {
		arguments = append(arguments, config.TableID)
	}
	server, err := launch(exec.CommandContext(context.WithoutCancel(ctx), node, arguments...))
	if err != nil {
		return nil, fmt.Errorf("start DynamoDB: %w", err)
	}
	// It prints its port after it has begun to listen, so no other process can answer there.
	var listening struct {
		Port int `json:"port"`
	}
	err = server.await(ctx, func(context.Context) bool {
		return json.Unmarshal([]byte(server.stdout.String()), &listening) == nil
	})
	if err != nil {
		return nil, fmt.Errorf("start DynamoDB: %w", err)
	}
	server.URL = fmt.Sprintf("http://127.0.0.1:%d", listening.Port)
	return server, nil
}
