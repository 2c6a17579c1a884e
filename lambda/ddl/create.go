package ddl

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// Create returns the statement that makes the table, to paste into Athena. It is one statement also if names and comments have quotes or lines.
func (t Table) Create() string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE EXTERNAL TABLE IF NOT EXISTS %s (\n%s\n)\n", t.name(), columnList(t.Columns))
	if t.Partitions != nil {
		fmt.Fprintf(&b, "PARTITIONED BY (\n%s\n)\n", columnList(t.Partitions))
	}
	fmt.Fprintf(&b, "ROW FORMAT SERDE %s\n", quote(t.Storage.SerDe))
	if p := properties(t.Storage.SerDeParameters); p != "" {
		fmt.Fprintf(&b, "WITH SERDEPROPERTIES (\n%s\n)\n", p)
	}
	fmt.Fprintf(&b, "STORED AS INPUTFORMAT %s\nOUTPUTFORMAT %s\nLOCATION %s", quote(t.Storage.InputFormat), quote(t.Storage.OutputFormat), quote(t.Storage.Location))
	parameters := maps.Clone(t.Parameters)
	delete(parameters, "EXTERNAL") // the statement says it
	if p := properties(parameters); p != "" {
		fmt.Fprintf(&b, "\nTBLPROPERTIES (\n%s\n)", p)
	}
	b.WriteByte('\n')
	return b.String()
}

// AddPartition returns the statement that adds a partition with the values of the table's partition keys and the URI of its folder.
func (t Table) AddPartition(values []string, location string) string {
	var keys []string
	for i, key := range t.Partitions {
		keys = append(keys, identifier(key.Name)+" = "+quote(values[i]))
	}
	return fmt.Sprintf("ALTER TABLE %s ADD IF NOT EXISTS\nPARTITION (%s)\nLOCATION %s\n", t.name(), strings.Join(keys, ", "), quote(location))
}

// name returns the name of the table, with the database if it is known.
func (t Table) name() string {
	if t.Database == "" {
		return identifier(t.Name)
	}
	return identifier(t.Database) + "." + identifier(t.Name)
}

func columnList(columns []Column) string {
	var lines []string
	for _, c := range columns {
		line := "  " + identifier(c.Name) + " " + c.Type
		if t, err := parseType(c.Type); err == nil {
			line = "  " + identifier(c.Name) + " " + t.write(identifier)
		}
		if c.Comment != "" {
			line += " COMMENT " + quote(c.Comment)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, ",\n")
}

func properties(of map[string]string) string {
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(of)) {
		lines = append(lines, "  "+quote(key)+" = "+quote(of[key]))
	}
	return strings.Join(lines, ",\n")
}

// identifier returns a name between backquotes. No name of a column has control characters, see package schema.
func identifier(name string) string { return "`" + strings.ReplaceAll(oneLine(name), "`", "``") + "`" }

// quote returns a text of SQL, with the escapes of Hive. ${ would begin a variable.
func quote(text string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for i, r := range text {
		switch {
		case r == '\'' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f || r == '$' && strings.HasPrefix(text[i+1:], "{"):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('\'')
	return b.String()
}

// oneLine returns a text without control characters and invalid UTF-8.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(text, string(unicode.ReplacementChar)))
}
