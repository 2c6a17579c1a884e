package main

import (
	"slices"
	"strings"
	"testing"
)

func TestRegionMustExist(t *testing.T) {
	t.Parallel()
	scan := requestFile(t, `{"table": "orders", "bucket": "lake"}`)
	for region, says := range map[string]string{
		"us-west-9":      `got "us-west-9", want an AWS region that the AWS SDK for Go`,
		"aws-global":     `got "aws-global", want an AWS region such as us-east-1: this is the name of endpoints`,
		"fips-us-east-2": `got "fips-us-east-2", want an AWS region such as us-east-2`,
	} {
		cmd := program(t.Context(), t, "run", "--aws", "--input", scan)
		cmd.Env = append(slices.DeleteFunc(cmd.Env, func(v string) bool { return strings.HasPrefix(v, envEndpoint) }), "AWS_REGION="+region)
		output, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(output), says) {
			t.Errorf("%s: %v: %s", region, err, output)
		}
	}
}
