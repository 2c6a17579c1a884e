package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// A template of CloudFormation has 500 resources and 1 MB at most. What can be more than that is divided: the stack's own template has the
// first elements, and each further part has a nested stack.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
const (
	// The stack's own template also has up to 125 policies, 100 subscriptions and 50 other resources, and up to 600,000 bytes of them.
	// Schedules and alarms each have their share of the rest.
	ownElements, ownBytes = 100, 200_000
	// A nested stack also has a group, a role and its policy.
	nestedElements, nestedBytes = 400, 900_000
	// frameBytes is more than the size of a schedule without its input, and of an alarm without its tags and the name of its table.
	frameBytes = 1_500

	maxResources, maxTemplate = 500, 1_000_000
	// Spaces make most of a template with many elements.
	indentedElements = 50
)

// inTemplates divides elements among templates. The first part is for the stack's own template, and can be empty. The order stays, so that
// a new element at the end moves no other one.
func inTemplates[T any](all []T, size func(T) int) [][]T {
	parts, bytes := [][]T{nil}, 0
	elements, most := ownElements, ownBytes
	for _, each := range all {
		last, n := len(parts)-1, size(each)
		if len(parts[last]) == elements || bytes+n > most && (last == 0 || len(parts[last]) > 0) {
			parts, bytes = append(parts, nil), 0
			last, elements, most = last+1, nestedElements, nestedBytes
		}
		parts[last] = append(parts[last], each)
		bytes += n
	}
	return parts
}

// newNested adds the nested stack of the n-th part, from 1, and returns a scope in it. Directly in a stack, the CDK would give the resources
// "a-b" and "ab" the same identifier.
func newNested(scope constructs.Construct, n int, description string) constructs.Construct {
	stack := awscdk.NewNestedStack(scope, jsii.String("Part"+strconv.Itoa(n+1)), &awscdk.NestedStackProps{
		Description: &description, SuppressTemplateIndentation: jsii.Bool(true),
	})
	return constructs.NewConstruct(stack, jsii.String("Elements"))
}

// checkTemplates checks the size of the templates that a synthesis has written for a stack and its nested stacks.
func checkTemplates(folder, stack string) error {
	var assets struct {
		Files map[string]struct{ Source struct{ Path string } }
	}
	read := func(file string, into any) (bytes int, err error) {
		text, err := os.ReadFile(filepath.Join(folder, file))
		if err == nil {
			err = json.Unmarshal(text, into)
		}
		return len(text), err
	}
	if _, err := read(stack+".assets.json", &assets); err != nil {
		return fmt.Errorf("read the list of the templates: %w", err)
	}
	var faults []error
	for _, file := range assets.Files {
		if !strings.HasSuffix(file.Source.Path, ".template.json") {
			continue
		}
		var template struct{ Resources map[string]json.RawMessage }
		bytes, err := read(file.Source.Path, &template)
		switch resources := len(template.Resources); {
		case err != nil:
			faults = append(faults, fmt.Errorf("read a template: %w", err))
		case bytes > maxTemplate || resources > maxResources:
			faults = append(faults, exceeded("tables, schedules, alarms.staleHours, notifications.emails, tags", fmt.Sprintf("the template %s with %d resources and %d bytes", file.Source.Path, resources, bytes),
				"at most %d resources and %d bytes, which are the quotas of CloudFormation: divide the tables and the schedules among several environments, or give fewer tags", maxResources, maxTemplate))
		}
	}
	return errors.Join(faults...)
}
