package run

import (
	"regexp"
	"strings"

	"dynamodb-to-s3/lambda/lazyregexp"
	"dynamodb-to-s3/lambda/request"
)

// forms are the values of the placeholders of a prefix, as regular expressions. {table} is not one of them: it is known.
var forms = map[string]string{
	"{date}": `\d{4}-\d{2}-\d{2}`, "{year}": `\d{4}`, "{month}": `\d{2}`, "{day}": `\d{2}`, "{hour}": `\d{2}`, "{runId}": `[a-zA-Z0-9_-][a-zA-Z0-9_.-]{0,80}`,
}

// placeholder matches a placeholder of a prefix.
var placeholder = lazyregexp.New(`\{[a-zA-Z]+\}`)

// Prefixes are all prefixes that one prefix with placeholders has had in the runs of a table.
type Prefixes struct {
	// Folders are the folders of the prefix, from the first one.
	Folders []Folder
	prefix  string // with the table filled in
}

// Folder is one folder of Prefixes.
type Folder struct {
	// Start is the text before the first placeholder, or the whole name if there is no placeholder.
	Start string
	// Form matches the names that the folder can have; nil if it has one name only.
	Form *regexp.Regexp
}

// PrefixesOf returns the prefixes of the runs of a table. prefix is that of a request.
func PrefixesOf(prefix, table string) Prefixes {
	p := Prefixes{prefix: strings.ReplaceAll(strings.TrimSuffix(prefix, "/"), "{table}", table)}
	if p.prefix == "" {
		return p
	}
	for folder := range strings.SplitSeq(p.prefix, "/") {
		start, _, changes := strings.Cut(folder, "{")
		f := Folder{Start: start}
		if changes {
			f.Form = form(folder, "")
		}
		p.Folders = append(p.Folders, f)
	}
	return p
}

// form returns what text with placeholders can become. runID is the name of the run, "" for any.
func form(text, runID string) *regexp.Regexp {
	var pattern strings.Builder
	for last := 0; ; {
		at := placeholder().FindStringIndex(text[last:])
		if at == nil {
			pattern.WriteString(regexp.QuoteMeta(text[last:]))
			return regexp.MustCompile("^" + pattern.String() + "$")
		}
		name := text[last+at[0] : last+at[1]]
		pattern.WriteString(regexp.QuoteMeta(text[last : last+at[0]]))
		if name == "{runId}" && runID != "" {
			pattern.WriteString(regexp.QuoteMeta(runID))
		} else {
			pattern.WriteString(forms[name])
		}
		last += at[1]
	}
}

// Has reports whether a run of this name can lie at the root.
func (p Prefixes) Has(root, runID string) bool {
	filled, found := strings.CutSuffix(root, "/"+runID)
	if filled, found = cutFolder(filled, found); !found {
		return false
	}
	if !strings.Contains(p.prefix, "{") {
		return filled == p.prefix
	}
	return form(p.prefix, runID).MatchString(filled)
}

// HasExport reports whether a native export of a run can lie in the folder.
func (p Prefixes) HasExport(folder string) bool {
	at := strings.LastIndexByte(folder, '/')
	if at < 0 || !IsExport(folder[at+1:]) {
		return false
	}
	filled, found := cutFolder(folder[:at], true)
	return found && form(p.prefix, "").MatchString(filled)
}

// cutFolder cuts the folder of all runs from the end of a path. What is left is the prefix.
func cutFolder(path string, found bool) (prefix string, ok bool) {
	if path == request.RootFolder {
		return "", found
	}
	prefix, ok = strings.CutSuffix(path, "/"+request.RootFolder)
	return prefix, ok && found
}

// Runs returns the start of the keys of all runs of a prefix, whose placeholders are filled in.
func Runs(prefix string) string { return below(prefix, "") }

// SharedData returns the start of the keys of the files of all incremental exports beside the folder of one of them.
func SharedData(export string) string {
	return export[:strings.LastIndexByte(export, '/')+1] + exportData + "/"
}
