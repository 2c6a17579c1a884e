package states

import (
	"reflect"

	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// data are the fields of the details of events with inputs and outputs.
var data = []string{"Input", "InputDetails", "Output", "OutputDetails", "Parameters"}

// withoutData removes the inputs and outputs from an event. It changes no other copy of the event.
func withoutData(event *types.HistoryEvent) {
	for field, value := range reflect.ValueOf(event).Elem().Fields() {
		if field.Type.Kind() != reflect.Pointer || field.Type.Elem().Kind() != reflect.Struct || field.Name == "Timestamp" || value.IsNil() {
			continue
		}
		details := reflect.New(field.Type.Elem())
		details.Elem().Set(value.Elem())
		for _, name := range data {
			if member := details.Elem().FieldByName(name); member.IsValid() {
				member.SetZero()
			}
		}
		value.Set(details)
	}
}
