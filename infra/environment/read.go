package environment

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"dynamodb-to-s3/lambda/document"
)

// environmentName is short, for it becomes part of the stack's name and through it of the names of most resources.
var environmentName = regexp.MustCompile(`^[a-z0-9-]{1,20}$`)

// Read reads, checks and completes the environment of a file. Its error names every fault at once, each with its line,
// the field, what it got and what is allowed.
func Read(file string) (Environment, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return Environment{}, fmt.Errorf("read the environment: %w", err)
	}
	return parse(file, string(text))
}

func parse(file, text string) (Environment, error) {
	found := &faults{file: file, lines: map[string]int{}, bad: map[string]bool{}}
	e := Environment{Name: strings.TrimSuffix(filepath.Base(file), ".yaml")}
	if !environmentName.MatchString(e.Name) {
		found.all = append(found.all, fault{1, fmt.Sprintf("the file's name: got %s, want 1 to 20 of a-z 0-9 - before .yaml", quoted(e.Name))})
	}
	decoder{found}.document(text, &e)
	if !found.bad[""] { // of what is no YAML nothing can be said
		checker{found, &e}.check()
	}
	if err := found.err(); err != nil {
		return Environment{}, err
	}
	return e.WithDefaults(), nil
}

// Find reads the environment of a name from a folder. Its error lists those that there are, if it is none of them.
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
	if len(names) == 0 {
		return Environment{}, fmt.Errorf("there is no environment %s: %s has no .yaml file", quoted(name), folder)
	}
	return Environment{}, fmt.Errorf("there is no environment %s%s; there are: %s (the files %s)",
		quoted(name), document.Suggestion(name, names), strings.Join(names, ", "), filepath.Join(folder, "*.yaml"))
}
