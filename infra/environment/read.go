package environment

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"

	"dynamodb-to-s3/lambda/document"
	"dynamodb-to-s3/lambda/lazyregexp"
	"dynamodb-to-s3/lambda/migration"
	"dynamodb-to-s3/lambda/problem"
	"dynamodb-to-s3/lambda/request"
)

// environmentName is short: it is part of the stack's name, and so of the names of most resources.
var environmentName = regexp.MustCompile(`^[a-z0-9-]{1,20}$`)

// editors matches the member by which an editor finds the JSON Schema of a file.
var editors = lazyregexp.New(`^\$schema$`)

// insteadOf says where a field of a request belongs in the file, and what to do in place of a field that is named as in another tool.
func insteadOf(name string) string {
	const where = "below defaults, or in the input of a schedule"
	for field := range reflect.TypeFor[request.Request]().Fields() {
		own, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case document.Plain(own) != document.Plain(name):
		case own == "schedule" || own == "scheduledTime":
			return "a request has it, and schedules set it: leave it out"
		case noDefaults[own] != "":
			return "a request has it: write " + own + " in the input of a schedule"
		default:
			return "a request has it: write " + own + " " + where
		}
	}
	if instead := migration.InsteadOf(name); instead != "" {
		return instead + " (in a request: " + where + ")"
	}
	return ""
}

// Read reads, checks and completes the environment of a file. Its error has every problem at once, each with its line, the field, what
// was given and what is allowed; problem.List is in its chain.
func Read(file string) (Environment, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return Environment{}, fmt.Errorf("read the environment: %w", err)
	}
	return parse(file, string(text))
}

func parse(file, text string) (Environment, error) {
	found := document.NewReport()
	e := Environment{Name: strings.TrimSuffix(filepath.Base(file), ".yaml")}
	if !environmentName.MatchString(e.Name) {
		found.Add("the file's name", problem.Quote(e.Name), "1 to 20 of a-z 0-9 - before .yaml")
	}
	if root := readYAML(text, found); root != nil {
		document.Decoder{Report: found, BareText: true, Others: editors, Instead: insteadOf}.Decode(root, &e)
		checker{found, &e}.check()
	}
	if len(found.Problems) > 0 {
		return Environment{}, &environmentError{file: file, problems: found.Problems}
	}
	return e.WithDefaults(), nil
}

// Find reads the environment with a name from a folder. If the folder has no such environment, the error lists those that it has.
func Find(folder, name string) (Environment, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return Environment{}, fmt.Errorf("list the environments: %w", err)
	}
	var names []string
	for _, file := range files {
		own := strings.TrimSuffix(filepath.Base(file), ".yaml")
		if own == name {
			return Read(file)
		}
		names = append(names, own)
	}
	unknown := "the name of the environment is missing: add ENV=NAME to make, or -c env=NAME to cdk"
	if name != "" {
		// A path or a file's name means the environment of that file.
		unknown = "there is no environment " + problem.Quote(name) + document.Suggestion(strings.TrimSuffix(filepath.Base(name), ".yaml"), names)
	}
	if len(names) == 0 {
		return Environment{}, fmt.Errorf("%s: %s has no .yaml file", unknown, folder)
	}
	return Environment{}, fmt.Errorf("%s; there are: %s (the files %s)", unknown, strings.Join(names, ", "), filepath.Join(folder, "*.yaml"))
}
