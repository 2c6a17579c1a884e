package request

import (
	"cmp"
	"fmt"
	"strings"

	"dynamodb-to-s3/lambda/document"
	"dynamodb-to-s3/lambda/migration"
	"dynamodb-to-s3/lambda/problem"
)

// checkTemplate rejects a text that has a template. An attribute's value is not shown.
func checkTemplate(text, path string, found *document.Report) {
	anyText := strings.HasPrefix(path, "scan.ExpressionAttribute") || strings.HasPrefix(path, "scan.ScanFilter") || strings.HasPrefix(path, "export.filter.ExpressionAttribute")
	switch {
	case path == "prefix":
		var wants []string
		for _, token := range migration.TemplatesIn(text, true) {
			here := cmp.Or(migration.PlaceholderFor(token), "fixed text or one of {"+strings.Join(placeholders, "} {")+"}")
			wants = append(wants, fmt.Sprintf("%s in place of %.60q", here, token))
		}
		if len(wants) > 0 {
			found.Reject(path, problem.Quote(text), "%s. Dates come from scheduledTime, otherwise from the start of the execution", strings.Join(wants, ", "))
		}
	case anyText || path == "transform":
		if migration.AnyIn(text) {
			found.Reject(path, "", "has a template of Airflow or of EventBridge Scheduler, which nothing here fills in: write the text itself")
		}
	default:
		for _, token := range migration.TemplatesIn(text, false) {
			allowed := cmp.Or(rules[path].String(), "the text itself")
			found.Reject(path, problem.Quote(text), "%s: nothing here fills in %.60q. Only prefix has placeholders, such as {date}", allowed, token)
		}
	}
}
