package environment

import "strings"

// contextAttributes are those of EventBridge Scheduler that an input may have, each with an example of its value. The execution's id and
// the number of the attempt are left out: a second delivery of the same firing would be another request.
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
var contextAttributes = strings.NewReplacer(
	"<aws.scheduler.scheduled-time>", "2026-01-31T06:00:00Z",
	"<aws.scheduler.schedule-arn>", "arn:aws:scheduler:eu-west-1:123456789012:schedule/group/schedule",
)

// delivered returns an input as EventBridge Scheduler delivers it, with its context attributes filled in.
func delivered(input any) any {
	switch input := input.(type) {
	case string:
		return contextAttributes.Replace(input)
	case []any:
		filled := make([]any, len(input))
		for i, element := range input {
			filled[i] = delivered(element)
		}
		return filled
	case map[string]any:
		filled := make(map[string]any, len(input))
		for name, member := range input {
			filled[name] = delivered(member)
		}
		return filled
	default:
		return input
	}
}
