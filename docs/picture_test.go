package definition

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
)

// Mermaid draws a definition in the Amazon States Language as a Mermaid stateDiagram-v2, with a line break at its end. States
// come in the order in which they are reached, so that the same definition always gives the same picture. Retries are left
// out, for they lead nowhere.
//
// It fails for what is no definition, and for what it does not know how to draw, rather than leave that out of the picture.
// https://mermaid.js.org/syntax/stateDiagram.html
func Mermaid(definition []byte) (string, error) {
	var m machine
	if err := json.Unmarshal(definition, &m); err != nil {
		return "", fmt.Errorf("draw the definition: %w", err)
	}
	d := drawing{names: map[string]string{}}
	d.line(0, "stateDiagram-v2")
	if err := d.machine(m, 1); err != nil {
		return "", fmt.Errorf("draw the definition: %w", err)
	}
	return d.text.String(), nil
}

type drawing struct {
	text  strings.Builder
	names map[string]string // of the states drawn so far, by identifier
}

func (d *drawing) line(depth int, format string, args ...any) {
	d.text.WriteString(strings.Repeat("    ", depth))
	fmt.Fprintf(&d.text, format, args...)
	d.text.WriteByte('\n')
}

func (d *drawing) machine(m machine, depth int) error {
	d.line(depth, "[*] --> %s", identifier(m.StartAt))
	reached := []string{m.StartAt}
	seen := map[string]bool{m.StartAt: true}
	for len(reached) > 0 {
		name := reached[0]
		reached = reached[1:]
		s, ok := m.States[name]
		if !ok {
			return fmt.Errorf("there is no state %q", name)
		}
		edges, err := edgesOf(s)
		if err != nil {
			return fmt.Errorf("state %q: %w", name, err)
		}
		if err := d.state(name, s, depth); err != nil {
			return err
		}
		for _, e := range edges {
			d.edge(name, e, depth)
			if e.to != "" && !seen[e.to] {
				seen[e.to] = true
				reached = append(reached, e.to)
			}
		}
	}
	return nil
}

// state draws what a state needs besides its edges: a name that is no identifier, and what is inside it.
func (d *drawing) state(name string, s state, depth int) error {
	id := identifier(name)
	if other, taken := d.names[id]; taken {
		return fmt.Errorf("the states %q and %q would share the identifier %q", other, name, id)
	}
	d.names[id] = name
	if id != name {
		d.line(depth, "state %q as %s", name, id)
	}
	if s.ItemProcessor == nil {
		return nil
	}
	d.line(depth, "state %s {", id)
	if err := d.machine(*s.ItemProcessor, depth+1); err != nil {
		return err
	}
	d.line(depth, "}")
	return nil
}

func (d *drawing) edge(from string, e edge, depth int) {
	to := "[*]"
	if e.to != "" {
		to = identifier(e.to)
	}
	label := ""
	if e.label != "" {
		label = ": " + e.label
	}
	d.line(depth, "%s --> %s%s", identifier(from), to, label)
}

// edge leads to a state, or to the end where to is empty.
type edge struct{ to, label string }

func edgesOf(s state) ([]edge, error) {
	var edges []edge
	switch s.Type {
	case "Task", "Pass", "Wait":
		edges = append(edges, edge{to: s.Next})
	case "Map":
		if s.ItemProcessor == nil {
			return nil, fmt.Errorf("a Map without an ItemProcessor")
		}
		edges = append(edges, edge{to: s.Next})
	case "Succeed", "Fail":
		edges = append(edges, edge{})
	case "Choice":
		for _, r := range s.Choices {
			label, err := r.label()
			if err != nil {
				return nil, err
			}
			edges = append(edges, edge{to: r.Next, label: label})
		}
		if s.Default != "" {
			edges = append(edges, edge{to: s.Default, label: "otherwise"})
		}
	default:
		return nil, fmt.Errorf("a state of type %q is not drawn yet", s.Type)
	}
	for _, c := range s.Catch {
		edges = append(edges, edge{to: c.Next, label: strings.Join(c.ErrorEquals, ", ")})
	}
	return edges, nil
}

// label says in a few words when a rule holds.
func (r rule) label() (string, error) {
	subject := field(r.Variable)
	switch {
	case len(r.And) > 0:
		var parts []string
		for _, part := range r.And {
			label, err := part.label()
			if err != nil {
				return "", err
			}
			if part.IsPresent == nil || !*part.IsPresent { // else it guards another test, which says the rest
				parts = append(parts, label)
			}
		}
		return strings.Join(parts, " and "), nil
	case r.BooleanEquals != nil && *r.BooleanEquals:
		return subject, nil
	case r.BooleanEquals != nil:
		return "not " + subject, nil
	case r.IsPresent != nil && *r.IsPresent:
		return subject, nil
	case r.IsPresent != nil:
		return "no " + subject, nil
	case r.NumericLessThanPath != nil:
		return subject + " below " + field(*r.NumericLessThanPath), nil
	case r.StringEquals != nil:
		return subject + " is " + plain(*r.StringEquals), nil
	case r.StringMatches != nil:
		return subject + " like " + plain(*r.StringMatches), nil
	default:
		return "", fmt.Errorf("a rule over %q is not drawn yet", r.Variable)
	}
}

// field is the last name in a path.
func field(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

// plain leaves out what would end a label, or begin something else.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(`{}":;#%<>`, r) || unicode.IsControl(r) {
			return -1
		}
		return r
	}, text)
}

// identifier makes of a state's name what Mermaid takes for one.
func identifier(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return r
		}
		return -1
	}, name)
}
