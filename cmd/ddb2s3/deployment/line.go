package deployment

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// levels are the colors of levels, as parameters of the control sequence for colors.
var levels = map[string]string{"ERROR": "31", "WARN": "33"}

// Readable returns a line for people: the time, the function, the level, the message and the other fields.
func (l Line) Readable(colors bool) string {
	level, message, fields := "", "", strings.Builder{}
	for name, value := range members(l.Text) {
		switch name {
		case "time", "runId", "function":
		case "level":
			level = word(value)
		case "msg":
			message = word(value)
		default:
			fmt.Fprintf(&fields, "  %s=%s", name, quoted(word(value)))
		}
	}
	padded := fmt.Sprintf("%-5s", level)
	if color := levels[level]; colors && color != "" {
		padded = "\x1b[" + color + "m" + padded + "\x1b[0m"
	}
	return fmt.Sprintf("%s  %-8s  %s  %s%s", l.Time.Format("15:04:05.000"), l.Function, padded, message, fields.String())
}

// members yields the members of a JSON object, in their order.
func members(object string) func(yield func(name string, value json.RawMessage) bool) {
	return func(yield func(string, json.RawMessage) bool) {
		decoder := json.NewDecoder(bytes.NewReader([]byte(object)))
		if _, err := decoder.Token(); err != nil {
			return
		}
		for decoder.More() {
			var value json.RawMessage
			name, err := decoder.Token()
			if err == nil {
				err = decoder.Decode(&value)
			}
			if text, ok := name.(string); err != nil || !ok || !yield(text, value) {
				return
			}
		}
	}
}

// word returns a value as text: a text without its quotes, and any other value as JSON.
func word(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	return string(value)
}

// quoted returns a text on one line and as one word.
func quoted(text string) string {
	if text == "" || strings.ContainsAny(text, " \"=") || strconv.Quote(text) != `"`+text+`"` {
		return strconv.Quote(text)
	}
	return text
}
